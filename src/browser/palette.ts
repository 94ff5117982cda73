// The command palette with what runs it, loaded when it is first opened. Runs in the browser.
import Alpine from "@alpinejs/csp";
import { palette } from "./dashboard/palette.ts";

Alpine.data("palette", palette);
Alpine.start();
