// The command palette: what is typed is looked up at the server, arrows choose, Enter goes. Runs in the browser, as an Alpine component.

const typingMs = 120;

/** The component behind `x-data="palette"`, whose element is the dialog. */
export function palette() {
  return {
    init(this: { $el: HTMLElement }): void {
      const dialog = this.$el;
      const input = dialog.querySelector("input");
      const list = dialog.querySelector<HTMLElement>("[role=listbox]");
      if (!(dialog instanceof HTMLDialogElement) || input === null || list === null) return;
      let timer = 0;
      let asked = 0;
      const look = async (): Promise<void> => {
        const mine = ++asked;
        const url = `${dialog.dataset.find}?${new URLSearchParams({ q: input.value })}`;
        const answer = await fetch(url, { headers: { accept: "text/html", "hx-request": "true" } }).catch(
          () => undefined,
        );
        if (mine !== asked) return;
        if (answer?.ok !== true) list.textContent = "The server cannot be reached.";
        else list.innerHTML = await answer.text();
        mark(input, list, 0);
      };
      input.addEventListener("input", () => {
        clearTimeout(timer);
        timer = window.setTimeout(() => void look(), typingMs);
      });
      input.addEventListener("keydown", (event) => {
        const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
        if (step !== 0) {
          event.preventDefault();
          mark(input, list, chosenOf(list) + step);
        }
        if (event.key === "Enter") {
          event.preventDefault();
          list.querySelector<HTMLAnchorElement>('[aria-selected="true"]')?.click();
        }
      });
      const begin = (): void => {
        input.select();
        void look();
      };
      dialog.addEventListener("toggle", () => {
        if (dialog.open) begin();
      });
      // It was opened before this script was there.
      if (dialog.open) begin();
    },
  };
}

function chosenOf(list: HTMLElement): number {
  return [...list.querySelectorAll("[role=option]")].findIndex((item) => item.ariaSelected === "true");
}

/** Marks one entry as chosen; past either end it goes round. */
function mark(input: HTMLInputElement, list: HTMLElement, index: number): void {
  const items = [...list.querySelectorAll("[role=option]")];
  if (items.length === 0) return;
  const chosen = items[(index + items.length) % items.length];
  for (const item of items) item.ariaSelected = String(item === chosen);
  input.setAttribute("aria-activedescendant", chosen?.id ?? "");
  chosen?.scrollIntoView({ block: "nearest" });
}
