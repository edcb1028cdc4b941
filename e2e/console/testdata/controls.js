// What of a page can be used, and what each control is called: the same control has one name on every visit, whatever
// row it stands in. What is not in the page's own part, <main>, is the same on all pages.
(() => {
  const address = (link) => {
    const url = new URL(link, location);
    return url.origin !== location.origin ? url.origin : url.pathname + [...new Set(url.searchParams.keys())].sort()
      .map((name, i) => `${i ? '&' : '?'}${name}`).join('');
  };
  const place = (e) => (e.closest('main') ? location.pathname : '*');
  const form = (e) => (e.form ? `${(e.formMethod || e.form.method).toUpperCase()} ${address(
    e.hasAttribute('formaction') ? e.formAction : e.form.action)}` : 'no form');
  // What is hidden from eyes tells the rows apart for those who hear them.
  const spoken = (e) => [...e.childNodes].filter((n) => !(n.classList && n.classList.contains('hide')))
    .map((n) => n.textContent).join('');
  const words = (e) => (spoken(e) || e.value || '').trim().replace(/\s+/g, ' ').replace(/\d+/g, '#').slice(0, 40);
  const name = (e) => {
    switch (e.localName) {
      case 'a': case 'area': return `${place(e)} | link ${e.hash ? '#' : address(e.href)}`;
      case 'summary': return `${place(e)} | details ${e.parentElement.classList[0] || words(e)}`;
      case 'button': return `${place(e)} | button ${e.type} ${form(e)} ${e.name} ${words(e)}`;
      case 'input': case 'select': case 'textarea':
        return /^(submit|image|reset|button)$/.test(e.type) ? `${place(e)} | button ${e.type} ${form(e)} ${e.name} ${words(e)}`
          : `${place(e)} | field ${form(e)} ${e.name}${/^(radio|checkbox)$/.test(e.type) ? `=${e.value}` : ''}`;
      default: return `${place(e)} | ${e.localName} ${words(e)}`;
    }
  };
  const usable = 'a[href], area[href], button, input:not([type="hidden"]), select, textarea, summary, [tabindex]:not([tabindex="-1"]), ' +
    '[contenteditable], [onclick], [role="button"], [role="link"]';
  const controls = () => [...document.querySelectorAll(usable)].filter((e) => !e.disabled && e.checkVisibility());
  return { name, controls };
})()
