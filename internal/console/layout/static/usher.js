"use strict";
(() => {
  const byID = (id) => document.getElementById(id);

  // A link's secret stands in its fragment, which no server is sent. It goes into the field, and out of the address.
  const take = () => {
    const code = byID("code");
    if (!code || location.hash.length < 2) return;
    code.value = location.hash.slice(1);
    history.replaceState(null, "", location.pathname + location.search);
  };
  take();
  addEventListener("hashchange", take);

  // What was just done is said once: not again after a reload.
  const address = new URL(location.href);
  if (address.searchParams.has("notice")) {
    address.searchParams.delete("notice");
    history.replaceState(null, "", address);
  }

  const main = byID("main");
  if (!main || !main.dataset.events) return;

  // What the server sent of each element, whatever was opened or written in it since.
  const sent = new WeakMap();
  const note = (el) => {
    sent.set(el, el.outerHTML);
    for (const child of el.querySelectorAll("[id]")) sent.set(child, child.outerHTML);
  };
  document.querySelectorAll("[data-live]").forEach(note);

  // What is being pressed is in use, too: Safari gives a button no focus, and a click ends where it began.
  const inUse = (el) => el.contains(document.activeElement) || Boolean(el.matches && el.matches(":active"));
  const named = (el) => el.children.length > 0 && [...el.children].every((child) => child.id);

  // update makes an element what the server sends of it now. Children that have names stay where they are the same, so
  // that what is open stays open, and what has the focus keeps it.
  const update = (el, now) => {
    const html = now.outerHTML;
    if (sent.get(el) === html) return;
    if (named(now) && (named(el) || el.children.length === 0)) {
      updateChildren(el, now);
      for (const a of now.attributes) if (el.getAttribute(a.name) !== a.value) el.setAttribute(a.name, a.value);
      sent.set(el, html);
    } else if (!inUse(el)) {
      const next = document.importNode(now, true);
      if (el.open) next.open = true;
      el.replaceWith(next);
      note(next);
    }
  };

  const updateChildren = (el, now) => {
    const names = new Set([...now.children].map((child) => child.id));
    for (const old of [...el.childNodes]) if (!names.has(old.id) && !inUse(old)) old.remove();
    let place = el.firstElementChild;
    for (const child of now.children) {
      const old = [...el.children].find((c) => c.id === child.id);
      if (!old) {
        const next = document.importNode(child, true);
        next.classList.add("new");
        el.insertBefore(next, place);
        note(next);
        sent.set(next, child.outerHTML);
        continue;
      }
      if (old === place) place = place.nextElementSibling;
      else if (!inUse(old)) el.insertBefore(old, place);
      update(old, child);
    }
  };

  // What a form sends leads to another page, and may be the end of this one: a reload would take the answer's place.
  let leaving = false;

  // look asks for the page again. Who may not see it any more is shown what the server says then.
  let looking = false;
  let again = false;
  const look = async () => {
    if (looking) {
      again = true;
      return;
    }
    looking = true;
    try {
      const answer = await fetch(location.href, { cache: "no-store", redirect: "manual" });
      if (answer.type === "opaqueredirect" || (answer.status >= 400 && answer.status < 500 && answer.status !== 429)) {
        if (!leaving) location.reload();
        return;
      }
      if (answer.ok) {
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        for (const el of document.querySelectorAll("[data-live]")) {
          const now = page.getElementById(el.id);
          if (now) update(el, now);
        }
      } else if (stream) {
        setTimeout(look, 2000); // it was asked too often, or cannot be told now
      }
    } catch {
      // The server is away; the stream says when it is back.
    }
    looking = false;
    if (again) {
      again = false;
      setTimeout(look, 250);
    }
  };

  const state = byID("live-state");
  const button = byID("live-pause");
  const say = (what) => {
    byID("live").classList.toggle("on", what === "connected");
    if (state.textContent !== state.dataset[what]) state.textContent = state.dataset[what];
  };

  let stream = null;
  let paused = false;
  let timer = 0;
  const stop = () => {
    clearTimeout(timer);
    if (stream) stream.close();
    stream = null;
  };
  const start = () => {
    stop();
    if (paused || leaving || document.hidden) return;
    stream = new EventSource(main.dataset.events);
    stream.onopen = () => {
      say("connected");
      look();
    };
    stream.addEventListener("changed", look);
    stream.onerror = () => {
      say("away");
      if (stream && stream.readyState === EventSource.CLOSED) { // it was refused, for now or for good
        stop();
        look();
        timer = setTimeout(start, 10000);
      }
    };
  };
  button.addEventListener("click", () => {
    paused = !paused;
    button.textContent = paused ? button.dataset.resume : button.dataset.pause;
    if (!paused) return start();
    stop();
    say("paused");
  });
  document.addEventListener("visibilitychange", () => (document.hidden ? stop() : start()));
  let left = 0;
  const stay = () => {
    clearTimeout(left);
    leaving = looking = false;
    start();
  };
  addEventListener("submit", () => {
    leaving = true;
    stop();
    clearTimeout(left);
    left = setTimeout(stay, 30000); // nothing has come; stop must not forget that
  });
  addEventListener("pagehide", stop);
  addEventListener("pageshow", (e) => e.persisted && stay());
  byID("live").hidden = false;
  start();
})();
