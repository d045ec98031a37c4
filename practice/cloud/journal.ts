/** One request that arrived, whatever became of it. `path` has no query, since queries carry signatures. */
export interface ArrivedRequest {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly at: Date;
  /** Whether it carried a live token, or was sent to a capability URL that the practice cloud issued. */
  readonly authorized: boolean;
}

/** Every given field must match; `path` as a whole when a string. */
export interface RequestFilter {
  readonly method?: string;
  readonly host?: string;
  readonly path?: string | RegExp;
  readonly authorized?: boolean;
}

const REQUESTS_KEPT = 10_000;

/** What arrived, oldest first. Counts are exact as long as fewer than `REQUESTS_KEPT` requests came. */
export interface Journal {
  note(request: ArrivedRequest): void;
  requests(): readonly ArrivedRequest[];
}

export function createJournal(): Journal {
  const kept: ArrivedRequest[] = [];
  return {
    note(request) {
      kept.push(request);
      if (kept.length > REQUESTS_KEPT) kept.shift();
    },
    requests: () => [...kept],
  };
}

export function matches(
  request: Omit<ArrivedRequest, "at" | "authorized"> & { authorized?: boolean },
  filter: RequestFilter,
): boolean {
  return (
    (filter.method === undefined || filter.method === request.method) &&
    (filter.host === undefined || filter.host === request.host) &&
    (filter.authorized === undefined || filter.authorized === request.authorized) &&
    (filter.path === undefined ||
      (typeof filter.path === "string" ? filter.path === request.path : filter.path.test(request.path)))
  );
}
