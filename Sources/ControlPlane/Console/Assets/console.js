// Progressive enhancement only: every page works without this file.
"use strict";
const root = document.documentElement;

document.addEventListener("click", event => {
  const target = event.target.closest("[data-action]");
  // An open menu closes on a click elsewhere.
  document.querySelectorAll("details.menu[open]").forEach(menu => {
    if (!menu.contains(event.target)) menu.open = false;
  });
  if (!target) return;
  if (target.dataset.action === "scheme") {          // without script: the form sets the same cookie and reloads
    event.preventDefault();
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    const secure = location.protocol === "https:" ? "; Secure" : "";
    document.cookie = `scheme=${root.dataset.theme}; Path=/; Max-Age=31536000; SameSite=Lax${secure}`;
  }
  if (target.dataset.action === "copy") {            // without script: the text selects on click
    navigator.clipboard?.writeText(document.getElementById(target.dataset.copy).textContent.trim());
    target.setAttribute("aria-label", "Copied");
  }
  if (target.dataset.action === "print") print();    // without script: the browser's own menu prints
});

document.addEventListener("keydown", event => {
  if (event.key === "Escape") document.querySelectorAll("details.menu[open]").forEach(menu => { menu.open = false; menu.querySelector("summary").focus(); });
});

// A live view reads itself anew, but never under somebody's hands. Without script: the page has a link for it.
document.querySelectorAll("[data-refresh]").forEach(view => {
  const isBusy = () => document.hidden || document.querySelector(":popover-open") || view.querySelector(":focus-visible");
  setInterval(async () => {
    if (isBusy()) return;
    const answer = await fetch(location.href).catch(() => null);
    if (!answer?.ok || answer.redirected) return;   // the session is over: the next click says so
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(view.id);
    if (fresh && !isBusy()) view.replaceChildren(...fresh.childNodes);
  }, view.dataset.refresh * 1000);
});

document.querySelector(".error-summary")?.focus();
