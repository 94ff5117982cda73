// Going from page to page without loading the frame anew: progress, focus, and what failed. Runs in the browser.

/** Marks the body while a page is on its way, and puts the focus on its content once it is there. */
export function announcePages(): void {
  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    if (ctx.target === document.body) document.body.classList.add("loading");
  });
  document.addEventListener("htmx:finally:request", () => document.body.classList.remove("loading"));
  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    if (ctx.target !== document.body) return;
    const wanted =
      document.querySelector<HTMLElement>("#problem, [autofocus]") ?? document.querySelector<HTMLElement>("#main");
    if (wanted?.id === "problem") wanted.tabIndex = -1;
    wanted?.focus({ preventScroll: wanted.id === "main" });
  });
  document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
    document.body.classList.remove("loading");
    // A page that cannot be had by script is loaded by the browser, which says why it fails.
    if (ctx?.target === document.body && ctx.request.method === "GET" && navigator.onLine) {
      location.assign(ctx.request.action);
    }
  });
}
