// The keyboard: `/` finds, `g` and a letter goes, `?` explains. Runs in the browser.

const afterGoMs = 1200;

/** Listens for as long as the document lives; keys typed into a field are its own. */
export function listenToKeys(): void {
  let going = 0;
  document.addEventListener("keydown", (event) => {
    const isFind = event.key === "k" && (event.ctrlKey || event.metaKey);
    if (!isFind && (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.composedPath()[0]))) return;
    if (isFind || event.key === "/") open(event, "palette");
    else if (event.key === "?") open(event, "shortcuts");
    else if (event.key === "g") going = event.timeStamp;
    else if (event.timeStamp - going < afterGoMs) {
      going = 0;
      document.querySelector<HTMLAnchorElement>(`.side [data-go="${CSS.escape(event.key)}"]`)?.click();
    }
  });
  document.addEventListener("click", (event) => {
    const opener = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-open]") : null;
    if (opener?.dataset.open !== undefined) open(event, opener.dataset.open);
  });
}

/** Shows the button that opens the palette. */
export function offerFinding(): void {
  for (const opener of document.querySelectorAll<HTMLElement>("[data-open=palette]")) opener.hidden = false;
}

/** The palette brings its own script, which most pages are left without. */
const paletteScript = "/palette.js";

function open(event: Event, id: string): void {
  const dialog = document.getElementById(id);
  if (!(dialog instanceof HTMLDialogElement) || document.querySelector("dialog[open]") !== null) return;
  event.preventDefault();
  dialog.showModal();
  if (id === "palette") void import(paletteScript);
}

function isTyping(target: EventTarget | undefined): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName)) &&
    !(target instanceof HTMLInputElement && /^(checkbox|radio|button|submit)$/.test(target.type))
  );
}
