// What a page says of an argument that a tool refused. Runs in workerd.
import { expect, it } from "vitest";
import { AppError } from "../../core/errors.ts";
import { argumentsHint } from "../../core/parse.ts";
import { forPeople } from "./actions.ts";

const said = (error: unknown) => {
  const shown = forPeople("save_webhook", error) as AppError;
  return [shown.code, shown.message, shown.hint];
};

it("leaves the tool's name and the advice to call again to programs", () => {
  const refused = new AppError("invalid_argument", "save_webhook: url: it is missing", { hint: argumentsHint });
  expect(said(refused)).toEqual(["invalid_argument", "url: it is missing.", undefined]);
  const advised = new AppError("invalid_argument", "save_webhook: the address is private.", { hint: "Use another." });
  expect(said(advised)).toEqual(["invalid_argument", "the address is private.", "Use another."]);
});

it("leaves every other error as it is", () => {
  const other = new AppError("not_found", "save_webhook: none.", { hint: argumentsHint });
  expect(forPeople("save_webhook", other)).toBe(other);
  const ofOther = new AppError("invalid_argument", "another: wrong");
  expect(forPeople("save_webhook", ofOther)).toBe(ofOther);
  const plain = new Error("broken");
  expect(forPeople("save_webhook", plain)).toBe(plain);
});
