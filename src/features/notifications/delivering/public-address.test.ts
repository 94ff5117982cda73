// Which addresses webhooks may have, spelling by spelling. Runs in workerd.
import { describe, expect, it } from "vitest";
import { checkAddress, isAddress, isPublicAddress, readHosts } from "./public-address.ts";

const said = (address: string, allowed: readonly string[] = []): string => {
  const checked = checkAddress(address, allowed);
  return "fault" in checked ? checked.fault : `${checked.url.href}${checked.isExempt ? " (exempt)" : ""}`;
};

const notPublic = "its host is not an address of the public internet";
const privateName = "its host is a name of a private network";

describe("addresses that webhooks may have", () => {
  it.each([
    ["https://hooks.slack.com/services/T/B/x", "https://hooks.slack.com/services/T/B/x"],
    ["https://example.com:8443/a?b=c#d", "https://example.com:8443/a?b=c"],
    ["https://example.com:443", "https://example.com/"],
    ["https://93.184.215.14/", "https://93.184.215.14/"],
    ["https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/", "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/"],
    ["HTTPS://EXAMPLE.COM", "https://example.com/"],
    ["https://xn--bcher-kva.example.com/", "https://xn--bcher-kva.example.com/"],
    ["https://localhost.example.com/", "https://localhost.example.com/"],
    ["https://172.32.0.1/", "https://172.32.0.1/"],
    ["https://100.128.0.1/", "https://100.128.0.1/"],
    ["https://223.255.255.254/", "https://223.255.255.254/"],
  ])("%s", (address, expected) => {
    expect(said(address)).toBe(expected);
  });
});

describe("addresses that they may not have", () => {
  it.each([
    ["", "it is not a URL"],
    ["example.com", "it is not a URL"],
    ["https://", "it is not a URL"],
    ["https://256.256.256.256/", "it is not a URL"],
    ["https://[::1", "it is not a URL"],
    ["https://[fe80::1%25eth0]/", "it is not a URL"],
    ["http://example.com/", "it does not begin with https://"],
    ["ftp://example.com/", "it does not begin with https://"],
    ["file:///etc/passwd", "it does not begin with https://"],
    ["javascript:alert(1)", "it does not begin with https://"],
    ["data:text/plain,x", "it does not begin with https://"],
    ["https://user@example.com/", "it holds a username or password"],
    ["https://user:pass@example.com/", "it holds a username or password"],
    ["https://example.com@127.0.0.1/", "it holds a username or password"],
    ["https://example.com:22/", "its port is below 1024 and not 443"],
    ["https://example.com:80/", "its port is below 1024 and not 443"],
    ["https://example.com:0/", "its port is below 1024 and not 443"],
    [`https://example.com/${"x".repeat(2000)}`, "it is longer than 2000 characters (notificationLimits.urlChars)"],
  ])("%s", (address, fault) => {
    expect(said(address)).toBe(fault);
  });

  it.each([
    // Loopback, in every spelling that the URL standard knows.
    ...["127.0.0.1", "127.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001"],
    ...["127.0.0.1.", "①②⑦.0.0.1", "127。0。0。1", "%31%32%37.0.0.1"],
    // "This" network, private, carrier-grade NAT, link-local, and the metadata services there.
    ...["0.0.0.0", "0", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "100.100.100.200"],
    ...["169.254.169.254", "0xa9fea9fe", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.168.1.1"],
    ...["168.63.129.16", "192.0.0.192", "192.0.0.8"],
    // Documentation, benchmarks, 6to4 relays, multicast, reserved, broadcast.
    ...["192.0.2.1", "198.51.100.7", "203.0.113.7", "198.18.0.1", "198.19.255.255", "192.88.99.1"],
    ...["224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"],
    // IPv6: unspecified, loopback, mapped, compatible, translated, 6to4, Teredo.
    ...["[::]", "[::1]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:8.8.8.8]"],
    ...["[::127.0.0.1]", "[::7f00:1]", "[64:ff9b::10.0.0.1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::a00:1]"],
    ...["[2002:7f00:1::]", "[2002:a00:1::1]", "[2001:0:4136:e378:8000:63bf:3fff:fdd2]", "[2001:20::1]"],
    // Unique local (with a metadata service), link-local, site-local, multicast, discard, documentation, unassigned.
    ...["[fc00::1]", "[fd00:ec2::254]", "[fdff::1]", "[fe80::1]", "[febf::1]", "[fec0::1]", "[ff02::1]"],
    ...["[100::1]", "[2001:db8::1]", "[3fff::1]", "[5f00::1]", "[4000::1]", "[1fff::1]"],
  ])("https://%s/", (host) => {
    expect(said(`https://${host}/`)).toBe(notPublic);
  });

  it.each([
    ...["localhost", "LOCALHOST", "localhost.", "a.localhost", "printer.local", "db.internal", "metadata"],
    ...["metadata.google.internal", "metadata.google.internal.", "instance-data", "intranet", "x.intranet", "x.lan"],
    ...[
      "x.corp",
      "x.home",
      "router.home.arpa",
      "1.0.0.127.in-addr.arpa",
      "x.test",
      "x.invalid",
      "x.onion",
      "x.private",
    ],
    ...["a.localdomain", "x.alt"],
  ])("https://%s/", (host) => {
    expect(said(`https://${host}/`)).toBe(privateName);
  });
});

describe("hosts that the operator allows", () => {
  const allowed = readHosts(" 127.0.0.1:9000, Receiver.Internal ,,[::1]:9000");

  it("are read from a list", () => {
    expect(allowed).toEqual(["127.0.0.1:9000", "receiver.internal", "[::1]:9000"]);
    expect([readHosts(undefined), readHosts("")]).toEqual([[], []]);
  });

  it.each([
    ["http://127.0.0.1:9000/hook", "http://127.0.0.1:9000/hook (exempt)"],
    ["http://2130706433:9000/", "http://127.0.0.1:9000/ (exempt)"],
    ["https://receiver.internal/x", "https://receiver.internal/x (exempt)"],
    ["http://receiver.internal/x", "http://receiver.internal/x (exempt)"],
    ["http://[::1]:9000/", "http://[::1]:9000/ (exempt)"],
    // Exactly those: not another port, not a name below, not another spelling of the same machine.
    ["http://127.0.0.1:9001/", "it does not begin with https://"],
    ["https://127.0.0.1/", notPublic],
    ["https://receiver.internal:8443/", privateName],
    ["https://a.receiver.internal/", privateName],
    ["http://localhost:9000/", "it does not begin with https://"],
    ["http://user@127.0.0.1:9000/", "it holds a username or password"],
    ["ftp://127.0.0.1:9000/", "it does not begin with https://"],
  ])("%s", (address, expected) => {
    expect(said(address, allowed)).toBe(expected);
  });
});

describe("answers of name servers", () => {
  it.each([
    ["8.8.8.8", true],
    ["2606:4700::1111", true],
    ["2A00:1450::1", true],
    ["10.0.0.1", false],
    ["::ffff:10.0.0.1", false],
    ["example.com.", false],
    ["", false],
    ["1.2.3", false],
    ["::1", false],
  ])("%s is public: %s", (address, expected) => {
    expect(isPublicAddress(address)).toBe(expected);
  });

  it("are told from names", () => {
    const all = ["127.0.0.1", "[::1]", "::1", "[2606:4700::1111]"];
    expect(all.map(isAddress)).toEqual([true, true, true, true]);
    expect(["example.com", "1.2.3.4.example.com", "a::b.example"].map(isAddress)).toEqual([false, false, false]);
  });
});
