// A browser as far as sign-in and consent need one: cookies, redirects, links and forms. Runs in Node and in workerd.

/** A page as the browser shows it, or the address outside that a redirect led to. */
export interface Page {
  url: URL;
  status: number;
  headers: Headers;
  html: string;
  /** True when a redirect left the sites this browser visits; nothing was fetched from there. */
  left: boolean;
}

interface Form {
  action: URL;
  method: string;
  fields: Field[];
}

interface Field {
  tag: string;
  name: string;
  value: string;
  type: string;
  checked: boolean;
  disabled: boolean;
}

/** What a person does with a form before it is sent. */
export interface Filling {
  /** The value or text of the button that is pressed. */
  press?: string;
  tick?: readonly string[];
  untick?: readonly string[];
  set?: Readonly<Record<string, string>>;
  /** Which form of the page: the first that holds this text. */
  form?: string;
}

const maxRedirects = 20;

export class Browser {
  readonly #send: (request: Request) => Promise<Response>;
  readonly #sites: ReadonlySet<string>;
  readonly #cookies = new Map<string, Map<string, string>>();

  /** `sites` are the origins that it visits; a redirect to another ends in a page that says `left`. */
  constructor(sites: readonly string[], send: (request: Request) => Promise<Response> = (request) => fetch(request)) {
    this.#sites = new Set(sites);
    this.#send = send;
  }

  /** The first of its sites. */
  get home(): string {
    return [...this.#sites][0] ?? "";
  }

  /** Opens an address and follows its redirects. */
  open(url: URL | string): Promise<Page> {
    return this.#go(new URL(url), { method: "GET" });
  }

  /** Fills in a form of the page and sends it. */
  submit(page: Page, filling: Filling = {}): Promise<Page> {
    const form = formsOf(page).find(({ html }) => filling.form === undefined || html.includes(filling.form));
    if (form === undefined) throw new Error(`no such form on ${page.url}:\n${page.html}`);
    const values = new URLSearchParams(valuesOf(form.fields, filling));
    if (form.method === "GET") {
      const url = new URL(form.action);
      url.search = values.toString();
      return this.#go(url, { method: "GET" });
    }
    return this.post(form.action, values, page.url.origin);
  }

  /** Sends a form that no page need have shown, as a script of `origin` would. */
  post(url: URL | string, values: URLSearchParams, origin: string): Promise<Page> {
    return this.#go(new URL(url), {
      method: "POST",
      body: values.toString(),
      headers: {
        "content-type": "application/x-www-form-urlencoded",
        origin,
        "sec-fetch-site": origin === new URL(url).origin ? "same-origin" : "cross-site",
      },
    });
  }

  /** Puts a cookie where a site would have set it. */
  setCookie(origin: string, cookie: string): void {
    const [pair = "", ...attributes] = cookie.split(";").map((part) => part.trim());
    const [name = "", ...value] = pair.split("=");
    const jar = this.#cookies.get(origin) ?? new Map<string, string>();
    this.#cookies.set(origin, jar);
    if (attributes.some((attribute) => /^max-age=0$/i.test(attribute))) jar.delete(name);
    else jar.set(name, value.join("="));
  }

  /** The cookies that a site has set, as a header. */
  cookies(origin: string): string {
    return [...(this.#cookies.get(origin) ?? [])].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  async #go(start: URL, init: RequestInit): Promise<Page> {
    let url = start;
    let request = init;
    for (let hop = 0; hop < maxRedirects; hop++) {
      const headers = new Headers(request.headers);
      const cookies = this.cookies(url.origin);
      if (cookies !== "") headers.set("cookie", cookies);
      const answer = await this.#send(new Request(url, { ...request, headers, redirect: "manual" }));
      for (const cookie of answer.headers.getSetCookie()) this.setCookie(url.origin, cookie);
      const location = answer.headers.get("location");
      if (answer.status < 300 || answer.status >= 400 || location === null) {
        return { url, status: answer.status, headers: answer.headers, html: await answer.text(), left: false };
      }
      await answer.body?.cancel();
      url = new URL(location, url);
      if (!this.#sites.has(url.origin)) {
        return { url, status: answer.status, headers: answer.headers, html: "", left: true };
      }
      request = { method: "GET" };
    }
    throw new Error(`${start} redirects without end`);
  }
}

/** The addresses a page links to, by their text. */
export function linksOf(page: Page): Map<string, URL> {
  const links = [...page.html.matchAll(/<a [^>]*href="([^"]*)"[^>]*>([\s\S]*?)<\/a>/g)];
  return new Map(links.map(([, href = "", text = ""]) => [textOf(text), new URL(decode(href), page.url)]));
}

/** What a person reads on a page. */
export function textOf(html: string): string {
  return decode(
    html
      .replace(/<(script|style)[\s\S]*?<\/\1>/g, "")
      .replace(/<\/?(a|b|bdi|code|em|small|strong)\b[^>]*>/g, "")
      .replace(/<[^>]+>/g, " "),
  )
    .replace(/\s+/g, " ")
    .trim();
}

function formsOf(page: Page): (Form & { html: string })[] {
  return [...page.html.matchAll(/<form([^>]*)>([\s\S]*?)<\/form>/g)].map(([html, attributes = "", inner = ""]) => ({
    html,
    action: new URL(attribute(attributes, "action") ?? page.url.href, page.url),
    method: (attribute(attributes, "method") ?? "get").toUpperCase(),
    fields: [...inner.matchAll(/<(input|button)([^>]*)>([^<]*)/g)].map(([, tag = "", given = "", text = ""]) => ({
      tag,
      name: attribute(given, "name") ?? "",
      value: attribute(given, "value") ?? (tag === "button" ? text.trim() : "on"),
      type: attribute(given, "type") ?? (tag === "button" ? "submit" : "text"),
      checked: /\schecked(\s|=|$|\/)/.test(given),
      disabled: /\sdisabled(\s|=|$|\/)/.test(given),
    })),
  }));
}

function valuesOf(fields: readonly Field[], filling: Filling): [string, string][] {
  return fields.flatMap((field): [string, string][] => {
    if (field.disabled || field.name === "") return [];
    if (field.type === "submit") return field.value === filling.press ? [[field.name, field.value]] : [];
    if (field.type === "checkbox" || field.type === "radio") {
      const isOn = (field.checked || filling.tick?.includes(field.value)) && !filling.untick?.includes(field.value);
      return isOn ? [[field.name, field.value]] : [];
    }
    return [[field.name, filling.set?.[field.name] ?? (field.value === "on" ? "" : field.value)]];
  });
}

function attribute(text: string, name: string): string | undefined {
  const found = new RegExp(`\\s${name}="([^"]*)"`).exec(text)?.[1];
  return found === undefined ? undefined : decode(found);
}

function decode(text: string): string {
  const named: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
  return text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return hex === undefined ? (named[name] ?? whole) : String.fromCodePoint(Number.parseInt(hex, 16));
  });
}
