// <text-file data-into="<id>">: chooses a file, or takes one that is dropped, and puts its text into a field. Runs in the browser; without it
// the text is pasted.

class TextFile extends HTMLElement {
  connectedCallback(): void {
    if (this.childElementCount > 0) return;
    const { into = "", label = "Choose a file", accept = "" } = this.dataset;
    const field = document.getElementById(into);
    if (!(field instanceof HTMLTextAreaElement)) return;
    const input = document.createElement("input");
    const caption = document.createElement("label");
    const said = document.createElement("p");
    Object.assign(input, { type: "file", accept, id: `${into}-file` });
    Object.assign(caption, { htmlFor: input.id, textContent: label });
    said.className = "hint";
    said.setAttribute("role", "status");
    const take = async (file: File | undefined): Promise<void> => {
      if (file === undefined) return;
      field.value = await file.text();
      field.dispatchEvent(new Event("input", { bubbles: true }));
      said.textContent = `${file.name} is in the field below.`;
    };
    input.addEventListener("change", () => void take(input.files?.[0]));
    field.addEventListener("dragover", (event) => event.preventDefault());
    field.addEventListener("drop", (event) => {
      const file = event.dataTransfer?.files[0];
      if (file === undefined) return;
      event.preventDefault();
      void take(file);
    });
    const box = document.createElement("div");
    box.className = "field";
    box.append(caption, input, said);
    this.append(box);
  }
}

customElements.define("text-file", TextFile);
