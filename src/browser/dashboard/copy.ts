// Copies what a page offers to copy. Runs in the browser; without it the text can be selected by hand.

/** Shows the buttons `data-copy="<id>"` and makes them copy that element's text or value. */
export function offerCopying(): void {
  for (const button of document.querySelectorAll<HTMLButtonElement>("button[data-copy][hidden]")) {
    button.hidden = false;
    button.addEventListener("click", () => void copyFor(button));
  }
}

async function copyFor(button: HTMLButtonElement): Promise<void> {
  const source = document.getElementById(button.dataset.copy ?? "");
  if (source === null) return;
  const label = button.textContent;
  await navigator.clipboard.writeText(source instanceof HTMLInputElement ? source.value : (source.textContent ?? ""));
  button.textContent = "Copied";
  setTimeout(() => {
    button.textContent = label;
  }, 2000);
}
