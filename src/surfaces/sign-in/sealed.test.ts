import { expect, it } from "vitest";
import { seal, unseal } from "./sealed.ts";

const now = 1_800_000_000_000;
const value = { state: "abc", returnTo: "/" };

it("opens what it sealed, for the same secret and purpose, in time", async () => {
  const sealed = await seal("secret", "provider", value, now + 1);
  expect(sealed).toMatch(/^[A-Za-z0-9_-]+$/);
  expect(sealed).not.toContain("abc");
  expect(await unseal("secret", "provider", sealed, now)).toEqual(value);
  expect(await unseal("secret", "provider", sealed, now + 1)).toBeUndefined();
  expect(await unseal("secret", "passkey", sealed, now)).toBeUndefined();
  expect(await unseal("other", "provider", sealed, now)).toBeUndefined();
});

it("opens nothing that was changed, cut or made up", async () => {
  const sealed = await seal("secret", "provider", value, now + 1);
  const changed = (sealed.startsWith("A") ? "B" : "A") + sealed.slice(1);
  for (const text of [changed, sealed.slice(0, -4), `${sealed}AAAA`, "", "!", "AAAA", undefined]) {
    expect(await unseal("secret", "provider", text, now)).toBeUndefined();
  }
});

it("never seals the same value to the same text, and nothing without a secret", async () => {
  expect(await seal("secret", "provider", value, now)).not.toBe(await seal("secret", "provider", value, now));
  await expect(seal("", "provider", value, now)).rejects.toThrow("OPERATOR_TOKEN is empty, so nothing can be sealed");
});
