// Network addresses as limits count them. Runs in workerd.
import { expect, it } from "vitest";
import { addressKey } from "./network-address.ts";

it.each([
  ["203.0.113.7", "203.0.113.7"],
  ["::ffff:203.0.113.7", "203.0.113.7"],
  ["::ffff:cb00:7107", "203.0.113.7"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:DB8:1:2::9", "2001:db8:1:2::/64"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["64:ff9b::203.0.113.7", "64:ff9b:0:0::/64"],
  ["::", "0:0:0:0::/64"],
])("counts %s as %s", (text, key) => {
  expect(addressKey(text)).toBe(key);
});

it.each(["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "0:0:0:0:0:0:0:1"])(
  "does not count loopback %s",
  (text) => {
    expect(addressKey(text)).toBeUndefined();
  },
);

it.each([
  "",
  "nonsense",
  "256.1.1.1",
  "1.2.3",
  "1::2::3",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8::",
  "12345::",
  "fe80::1%eth0",
])("does not count %j, which is no address", (text) => {
  expect(addressKey(text)).toBeUndefined();
});
