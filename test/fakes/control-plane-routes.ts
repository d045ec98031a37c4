import type { ControlPlaneUnderTest } from "./control-plane-under-test.ts";

/** Every route the control plane serves, `METHOD path`, as the router knows them: none can be forgotten by a list. */
export function routesOf({ app }: Pick<ControlPlaneUnderTest, "app">): string[] {
  // One line for each piece of a path; a piece belongs to the last one that is less indented.
  const pieces: string[] = [];
  const routes: string[] = [];
  for (const line of app.printRoutes().split("\n")) {
    const [, indent = "", piece, methods] = /^([│└├─ ]+)(.*?)(?: \(([A-Z, ]+)\))?$/u.exec(line) ?? [];
    if (piece === undefined) continue;
    const depth = indent.length / 4 - 1;
    pieces.length = depth;
    pieces[depth] = piece;
    for (const method of methods?.split(", ") ?? []) routes.push(`${method} ${pieces.join("")}`);
  }
  return routes.filter((route) => !route.startsWith("HEAD ")).sort();
}
