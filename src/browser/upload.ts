// Defines <dataset-upload>. Runs in the browser, on pages that have one.
import { DatasetUpload } from "./upload/element.ts";

if (customElements.get("dataset-upload") === undefined) customElements.define("dataset-upload", DatasetUpload);
