// A proposal that is edited or settled while somebody reads it: says so, and holds back the vote on what is not there any more. Runs in the browser.

/** Around the whole page of a proposal. `data-edition` is the edition that came with the page. */
class ProposalEdition extends HTMLElement {
  readonly #look = (): void => this.#compare();

  connectedCallback(): void {
    document.addEventListener("htmx:after:swap", this.#look);
    this.#compare();
  }

  disconnectedCallback(): void {
    document.removeEventListener("htmx:after:swap", this.#look);
  }

  /** What follows the feed knows the current edition; the hidden field beside the text knows the one that is shown. */
  #compare(): void {
    const standing = this.querySelector<HTMLElement>("[data-current-edition]");
    const notice = this.querySelector<HTMLElement>("[data-newer]");
    if (standing === null || notice === null) return;
    const shown = this.querySelector<HTMLInputElement>('input[name="edition"]')?.value ?? this.dataset.edition;
    const isOld = shown !== standing.dataset.currentEdition;
    notice.hidden = !isOld;
    const fields = this.querySelector<HTMLFieldSetElement>("#vote-fields");
    if (fields === null) return;
    // Only the buttons: a comment that is being typed stays as it is.
    const isHeld = isOld || standing.dataset.currentState !== "pending";
    for (const button of fields.querySelectorAll("button")) button.disabled = isHeld;
  }
}

customElements.define("proposal-edition", ProposalEdition);
