// What the name of a method tells. Each list was made by reading the description of every method that bears the name,
// in every API. A name too general to mean the same everywhere (`answer`, `check`, `process`, `resolve`, `test`) stands
// in no list: such methods are decided one by one in curated/overrides.tsv, and what nobody decided is a write.

/** First words of method names that take something away, overwrite it, or stop what runs. */
const destroyingWords: ReadonlySet<string> = new Set(
  (
    "delete destroy purge remove drop truncate wipe expunge undeploy rollback revert reset expire abandon detach " +
    "clear deprovision terminate revoke disable stop suspend shutdown restart reboot failover switchover demote " +
    "deactivate unlink unregister cancel abort evict drain archive recreate withdraw disconnect seek reimage rotate " +
    "lock relocate restore import invalidate unsubscribe unenroll unpublish unbind unmount unshare retract pause " +
    "hibernate promote"
  ).split(" "),
);

/** These say how, and the second word what: `batchDelete`, `directDelete`. */
const mannerWords: ReadonlySet<string> = new Set(["batch", "bulk", "direct", "async"]);

/** Names of POST methods that only read. A trailing `*` stands for no more, or for further words; a leading one for any beginning. */
const readingNames: readonly string[] = [
  ...words(
    "testIamPermissions getIamPolicy wait waitExecution waitForReplicationCatchUp get* list* validate* count*",
  ),
  ...words(
    "listen tail batchGet batchRead findMissing findNeighbors histogram labels series linkedSources linkedTargets",
  ),
  ...words("pollAirflowCommand exportTensorboardTimeSeries client_status fetchAcl fetchCaCerts fetchErrors"),
  ...words(
    "fetchExamples fetchFeatureValues fetchPredictOperation fetchToolspecOverride streamingFetchFeatureValues",
  ),
  ...words("lookup lookupContext lookupEffectiveGuestPolicy lookupVersion"),
  ...words(
    "retrieveContexts asyncRetrieveContexts askContexts retrieveProfiles retrieveToolSchema retrieveTools",
  ),
  ...words(
    "read streamingRead readRows readObject readChangeStream readFeatureValues streamingReadFeatureValues",
  ),
  ...words("readIndexDatapoints sampleRowKeys createReadSession generateInitialChangeStreamPartitions"),
  ...words("search searchAll* searchEntries searchExamples searchForAlert searchIpResources searchKnowledge"),
  ...words("searchLineageStreaming searchLinks searchLite searchModelDeploymentMonitoringStatsAnomalies"),
  ...words(
    "searchModelMonitoringAlerts searchModelMonitoringStats searchNearby searchNearestEntities searchRange",
  ),
  ...words("searchResources searchText search-type searchType conversationalSearch batchSearchLinkProcesses"),
  ...words(
    "query query_exemplars query_range queryDatabaseResourceGroups queryFormability queryGrantableRoles",
  ),
  ...words(
    "queryIssues queryMetadata queryMetrics queryPerformanceOverview queryTabularStats queryTestablePermissions",
  ),
  ...words(
    "queryTimeSeriesStats queryVersionConfig runQuery runAggregationQuery executeQuery executeGraphqlRead",
  ),
  ...words("impersonateQuery introspectGraphql partition*"),
  // They compute from what is there and answer; nothing is kept.
  ...words("aggregateIssueStats aggregateQueryStats aggregateValues batchCompute calculateCancellationFee"),
  ...words(
    "calculateStats calendarMode calendarModeExtension capacityHistory compareVersions computeEnvironmentScores",
  ),
  ...words(
    "computeHeadCursor computeInsights computeMessageStats computeTimeCursor computeTokens estimateDataSize",
  ),
  ...words("evaluateInstances evaluateUserConsents explain* lintPolicy msComplianceMetadata obtainCrawlRate"),
  ...words("recommendSpec rollUp dailyRollUp simulate troubleshoot troubleshootError"),
  ...words("authorizeAccess checkCompatibility checkConsistency checkConsumerConfig checkDataAccess"),
  ...words("checkMigrationPermission checkPrewarmedArtifact checkRequirement checkValidCreds"),
  ...words(
    "Resource-validate ResourceValidate testCorrelationConfig testPersonaVoice verifyExternalSyncSettings",
  ),
  ...words(
    "generateConfigReport generateConsistencyToken generateDataQualityRules generateDeployChangeReport",
  ),
  ...words(
    "generateUndeployChangeReport generateInsights generateMembershipRBACRoleBindingYAML generateOpenApiSpec",
  ),
  ...words("generatePackagesSummary generateQuery generateSchema generateSshScript generateTcpProxyScript"),
  // They ask a model: that costs money and sends data out, which flags tell, and changes nothing.
  ...words(
    "predict *Predict detect detectLanguage recognize streamingRecognize synthesize streamingSynthesize",
  ),
  ...words(
    "translate translateText translateDocument adaptiveMtTranslate refineText romanizeText annotate annotateText",
  ),
  ...words("analyzeEntities analyzeEntitySentiment analyzeSentiment analyzeSyntax classifyText moderateText"),
  ...words("inspect deidentify redact sanitizeUserPrompt sanitizeModelResponse streamSanitizeUserPrompt"),
  ...words(
    "streamSanitizeModelResponse generateContent streamGenerateContent embedContent embeddings completions",
  ),
  ...words("augmentPrompt corroborateContent optimizePrompt generateInstanceRubrics generateLossClusters"),
  ...words("generateSyntheticData generateUserScenarios generateStatelessSummary generativeInsights"),
  ...words("answerQuery streamAnswer autocomplete completeQuery rank recommend matchIntent suggestArticles"),
  ...words("suggestConversationSummary suggestFaqAnswers suggestKnowledgeAssist suggestSmartReplies"),
];

/** Names that speak of handing out a credential. Wide on purpose: a new one must not pass for a read until somebody looks. */
const mintingName =
  /^(?:(?:generate|mint|exchange|issue|acquire|fetch|refresh|access|retrieve)(?:[A-Z]\w*)?(?:Tokens?|TokenInternal|Credentials?|Secret|SecretKey|Password|Jwt|Wallet)|sign(?:Blob|Jwt|SshPublicKey))$/;

/** The first word that tells what is done, in lower case. */
export function findDestroyingWord(name: string): string | undefined {
  const parts = name.split(/(?=[A-Z])|[-_]/).map((part) => part.toLowerCase());
  const [first = "", second = ""] = parts;
  const word = mannerWords.has(first) ? second : first;
  return destroyingWords.has(word) ? word : undefined;
}

export function isReadingName(name: string): boolean {
  return readingNames.some((pattern) => matchesName(pattern, name));
}

export function isMintingName(name: string): boolean {
  return mintingName.test(name);
}

/** The names that are not patterns; each should be somebody's. */
export function exactReadingNames(): readonly string[] {
  return readingNames.filter((name) => !name.includes("*"));
}

function matchesName(pattern: string, name: string): boolean {
  if (pattern.startsWith("*")) return name.endsWith(pattern.slice(1));
  if (!pattern.endsWith("*")) return name === pattern;
  const rest = name.slice(pattern.length - 1);
  // `list*` means `list` and further words: `listenEvent` is another verb.
  return name.startsWith(pattern.slice(0, -1)) && !/^[a-z]/.test(rest);
}

function words(text: string): string[] {
  return text.split(" ");
}
