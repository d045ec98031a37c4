/**
 * What a text of SQL does, without running it: read, add, take away, change access, or anything at all. Not a parser: it cuts
 * texts as strictly as the strictest reader and takes whatever is not plain for the worst.
 */
export {
  cloudPostgreSql,
  type Dialect,
  googleSql,
  legacySql,
  mySql,
  postgreSql,
  transactSql,
} from "./dialect.ts";
export { judgeSql } from "./judge-sql.ts";
export type { SqlSetting } from "./target-table.ts";
