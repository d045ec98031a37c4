import { spentAssertions } from "../../src/storage/stores/index.ts";
import { spentAssertionsContract } from "./spent-assertions.ts";
import { temporaryDatabase } from "./temporary-database.ts";

spentAssertionsContract("SQLite", async (clock) => spentAssertions(await temporaryDatabase(), clock));
