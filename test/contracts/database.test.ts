import { databaseContract } from "./database.ts";
import { temporaryDatabase } from "./temporary-database.ts";

databaseContract("SQLite", temporaryDatabase);
