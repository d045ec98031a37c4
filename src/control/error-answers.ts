import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import type { Problem } from "#api";
import { sendPage } from "./browser/page-routes.ts";
import { localReturnPath } from "./browser/return-path.ts";
import type { Visitors } from "./browser/visitor.ts";
import type { ControlPlanePorts } from "./control-plane-ports.ts";
import { mistakesIn } from "./invalid-request.ts";
import { problemPage } from "./pages/problem-page.ts";
import { ControlRefusal } from "./refusal.ts";
import type { App } from "./routes/app.ts";

/** One place answers everything that is thrown: a page to people, a problem to programs, the reason to our log. */
export function addErrorAnswers(app: App, ports: ControlPlanePorts, visitors: Visitors): void {
  const answer = (refusal: ControlRefusal, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const { code, message, next, status, detail } = refusal;
    ports.log.info(
      { code, detail, method: request.method, route: request.routeOptions.url },
      "a request was refused",
    );
    reply.status(status);
    if (status === 401) reply.header("www-authenticate", challengeOf(refusal));
    if (isForPeople(request)) {
      const visitor = visitors.find(request);
      return sendPage(reply, {
        title: message,
        visitor,
        main: problemPage(refusal, localReturnPath(request.url)),
        ports,
      });
    }
    const problem: Problem = { error: { code, message, ...(next === undefined ? {} : { next }) } };
    return reply.type("application/json; charset=utf-8").send(JSON.stringify(problem));
  };

  app.setErrorHandler((error: FastifyError | ControlRefusal, request, reply) => {
    if (error instanceof ControlRefusal) return answer(error, request, reply);
    const status = error.statusCode ?? 500;
    if (status >= 400 && status < 500)
      return answer(new ControlRefusal("request_invalid", error.message, mistakesIn(error)), request, reply);
    ports.log.error({ err: error, route: request.routeOptions.url }, "a request could not be answered");
    return answer(new ControlRefusal("internal"), request, reply);
  });
}

/** What does not exist is asked for as often as anything else: after the rate limits, which hold for it too. */
export function addNotHereAnswer(app: App): void {
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, () => {
    throw new ControlRefusal("not_here");
  });
}

/** A page's refusal is a page; so is a path that does not exist, to a browser. */
function isForPeople(request: FastifyRequest): boolean {
  const isOfPrograms = /^\/(api|v1)\//.test(request.url);
  const asksForPage = request.headers.accept?.includes("text/html") === true;
  return request.routeOptions.config.isPage === true || (asksForPage && !isOfPrograms);
}

/** RFC 6750 section 3; RFC 9470 section 3 for a sign-in that is too old. */
function challengeOf({ code }: ControlRefusal): string {
  if (code === "sign_in_not_fresh") return 'Bearer error="insufficient_user_authentication", max_age=300';
  return code === "sign_in_needed" ? "Bearer" : 'Bearer error="invalid_token"';
}
