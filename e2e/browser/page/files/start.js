'use strict';

// Loads what the link wants: the page with Strophe, or with lib-jitsi-meet.
(() => {
  if (link.jitsi && !config.jitsi) {
    document.body.textContent = 'lib-jitsi-meet is not installed: run scripts/install.sh jitsi';
    return;
  }
  const scripts = link.jitsi
    ? ['jquery', 'jquery-name', 'lib-jitsi-meet', 'jitsi', 'view']
    : ['strophe', 'app', 'view'];
  for (const name of scripts) {
    const script = document.createElement('script');
    script.src = `/${name}.js`;
    script.async = false; // one after the other
    document.body.append(script);
  }
})();
