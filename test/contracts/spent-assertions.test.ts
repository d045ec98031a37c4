import { sqliteSpentAssertions } from "../../src/storage/sqlite/index.ts";
import { spentAssertionsContract } from "./spent-assertions.ts";
import { temporaryDatabase } from "./temporary-database.ts";

spentAssertionsContract("SQLite", async (clock) => sqliteSpentAssertions(await temporaryDatabase(), clock));
