/** A page, as a person without scripts sees it. */
export interface Page {
  readonly url: URL;
  readonly status: number;
  readonly text: string;
}

/** Follows redirects, keeps cookies for each host and port, and fills in forms. Runs no scripts. */
export class HttpBrowser {
  readonly #cookies = new Map<string, Map<string, string>>();

  async get(url: URL | string): Promise<Page> {
    return this.#go(new URL(url), { method: "GET" });
  }

  /** Sends the only form of a page, with what a person typed or pressed. */
  async submit(page: Page, typed: Readonly<Record<string, string>>, action?: string): Promise<Page> {
    const fields = { ...hiddenFields(page.text), ...typed };
    return this.post(new URL(action ?? formAction(page.text) ?? page.url, page.url), fields, page.url.origin);
  }

  async post(url: URL, fields: Readonly<Record<string, string>>, origin: string): Promise<Page> {
    const headers = { origin, "content-type": "application/x-www-form-urlencoded" };
    return this.#go(url, { method: "POST", body: new URLSearchParams(fields).toString(), headers });
  }

  /** What a page's script would send to its own server. */
  async sendJson(method: "POST" | "PUT", url: URL, body: unknown): Promise<Page> {
    const headers = { origin: url.origin, "content-type": "application/json" };
    return this.#go(url, { method, body: JSON.stringify(body), headers });
  }

  async #go(
    start: URL,
    first: { method: string; body?: string; headers?: Record<string, string> },
  ): Promise<Page> {
    let url = start;
    let request = first;
    for (let hops = 0; hops < 20; hops += 1) {
      const answer = await fetch(url, {
        ...request,
        redirect: "manual",
        headers: { ...request.headers, cookie: this.#cookieHeader(url, request, start) },
      });
      this.#keep(url, answer);
      const location = answer.headers.get("location");
      if (location === null) return { url, status: answer.status, text: await answer.text() };
      await answer.arrayBuffer();
      url = new URL(location, url);
      // 307 and 308 would repeat the body; nobody here needs that.
      request = { method: "GET" };
    }
    throw new Error(`too many redirects, the last to ${url.href}`);
  }

  /** A post that another site's page began brings no Lax cookie (RFC 6265bis section 5.6.7.2); a redirect's GET does. */
  #cookieHeader(
    url: URL,
    { method, headers }: { method: string; headers?: Record<string, string> },
    start: URL,
  ): string {
    const isForeignPost =
      method === "POST" && headers?.["origin"] !== undefined && headers["origin"] !== start.origin;
    if (isForeignPost) return "";
    return [...(this.#cookies.get(url.host) ?? [])].map(([name, value]) => `${name}=${value}`).join("; ");
  }

  #keep(url: URL, answer: Response): void {
    const jar = this.#cookies.get(url.host) ?? new Map<string, string>();
    for (const line of answer.headers.getSetCookie()) {
      const [name = "", value = ""] = (line.split(";")[0] ?? "").split(/=(.*)/s);
      if (value === "" || /max-age=0\b/i.test(line)) jar.delete(name);
      else jar.set(name, value);
    }
    this.#cookies.set(url.host, jar);
  }
}

export function formAction(html: string): string | undefined {
  const found = /<form[^>]* action="([^"]*)"/.exec(html)?.[1];
  return found === undefined ? undefined : unescapeHtml(found);
}

export function hiddenFields(html: string): Record<string, string> {
  const inputs = html.matchAll(/<input[^>]*type="hidden"[^>]*>/g);
  return Object.fromEntries(
    [...inputs].map(([input]) => [
      unescapeHtml(/ name="([^"]*)"/.exec(input)?.[1] ?? ""),
      unescapeHtml(/ value="([^"]*)"/.exec(input)?.[1] ?? ""),
    ]),
  );
}

function unescapeHtml(text: string): string {
  return text
    .replace(/&#(x?)([0-9a-f]+);/gi, (_all, hex: string, code: string) =>
      String.fromCodePoint(Number.parseInt(code, hex === "" ? 10 : 16)),
    )
    .replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
}
