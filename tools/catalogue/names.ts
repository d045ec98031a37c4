// What the name of a method tells. Each list was made by reading the description of every method that bears the name,
// in every API. A name too general to mean the same everywhere (`answer`, `check`, `process`, `resolve`, `test`) stands
// in no list: such methods are decided one by one in curated/overrides.tsv, and what nobody decided is a write.

/** First words of method names that take something away, overwrite it, or stop what runs. */
const destroyingWords: ReadonlySet<string> = new Set(
  words(`
    delete destroy purge remove drop truncate wipe expunge undeploy rollback revert reset expire abandon detach clear
    deprovision terminate revoke disable stop suspend shutdown restart reboot failover switchover demote deactivate unlink
    unregister cancel abort evict drain archive recreate withdraw disconnect seek reimage rotate lock relocate restore
    import invalidate unsubscribe unenroll unpublish unbind unmount unshare unassign uninstall retract discard pause
    hibernate promote
  `),
);

/** These say how, and the second word what: `batchDelete`, `directDelete`. */
const mannerWords: ReadonlySet<string> = new Set(words("batch bulk direct async"));

/** Names of POST methods that find what is there and answer with it. A trailing `*` stands for further words, or none. */
const findingNames: readonly string[] = words(`
  testIamPermissions getIamPolicy get* list* validate* count* wait waitExecution waitForReplicationCatchUp listen tail
  watchVariable pollAirflowCommand batchGet bulkGetDataTableRows batchRead findMissing findNeighbors histogram labels series
  linkedSources linkedTargets exportTensorboardTimeSeries client_status fetchAcl fetchBenchmarkingData fetchCaCerts
  fetchErrors fetchExamples fetchFeatureValues fetchPredictOperation fetchProfiles fetchToolspecOverride
  streamingFetchFeatureValues lookup lookupContext lookupEffectiveGuestPolicy lookupVersion retrieveContexts
  asyncRetrieveContexts askContexts retrieveProfiles retrieveToolSchema retrieveTools read streamingRead readRows readObject
  readReport readChangeStream readFeatureValues streamingReadFeatureValues readIndexDatapoints sampleRowKeys
  createReadSession generateInitialChangeStreamPartitions search searchAll* searchAssets searchDataObjects
  batchSearchDataObjects searchDestinations searchEntries searchExamples searchForAlert searchIndexEndpoint
  searchIpResources searchKnowledge searchLineageStreaming searchLinks searchLite
  searchModelDeploymentMonitoringStatsAnomalies searchModelMonitoringAlerts searchModelMonitoringStats searchNearby
  searchNearestEntities searchRange searchResources searchText search-type searchType conversationalSearch
  batchSearchLinkProcesses query query_exemplars query_range queryData queryDataObjects queryDataSet
  queryDatabaseResourceGroups queryForecasts queryFormability queryGrantableRoles queryIssues queryMetadata queryMetrics
  queryPerformanceOverview queryTabularStats queryTestablePermissions queryTimeSeriesStats queryUsageHistories
  queryVersionConfig queryWriteStatus runQuery runAggregationQuery prepareQuery executeQuery executeDashboardQuery
  executeGraphqlRead impersonateQuery introspectGraphql partition*
`);

/** They compute from what is there, or from the request, and answer; nothing is kept. */
const computingNames: readonly string[] = words(`
  aggregateDataObjects aggregateIssueStats aggregateQueryStats aggregateValues batchCompute calculateCancellationFee
  calculateStats calendarMode calendarModeExtension capacityHistory compareVersions
  computeAllFindingsRefinementActivities computeEnvironmentScores computeFindingsRefinementActivity computeHeadCursor
  computeInsights computeMessageStats computeTimeCursor computeTokens estimateDataSize evaluateInstances evaluateSlice
  evaluateTimeseries evaluateUserConsents explain* lintPolicy msComplianceMetadata obtainCrawlRate optimizeTours
  recommendSpec rollUp dailyRollUp simulate simulateSecurityHealthAnalyticsCustomModule troubleshoot troubleshootError
  authorizeAccess checkCompatibility checkConsistency checkConsumerConfig checkDataAccess checkMigrationPermission
  checkPrewarmedArtifact checkRequirement checkValidCreds Resource-validate ResourceValidate testCorrelationConfig
  testPersonaVoice verifyExternalSyncSettings verifyReferenceList verifyRuleText generateConfigReport
  generateConsistencyToken generateDataQualityRules generateDeployChangeReport generateUndeployChangeReport
  generateInsights generateMembershipRBACRoleBindingYAML generateOnboardingSuggestions generateOpenApiSpec
  generateOptimizedManifest generatePackagesSummary generateQuery generateSchema generateSshScript
  generateTcpProxyScript translateQuery
`);

/** They ask a model: that costs money and sends data out, which flags tell, and changes nothing. */
const askingNames: readonly string[] = words(`
  predict rawPredict directPredict directRawPredict streamRawPredict serverStreamingPredict streamingPredict
  streamingRawPredict streamDirectPredict streamDirectRawPredict detect detectLanguage recognize streamingRecognize
  synthesize synthesizeSpeech streamingSynthesize translate translateText translateDocument adaptiveMtTranslate
  streamingTranslateSpeech refineText romanizeText annotate annotateText analyzeEntities analyzeEntitySentiment
  analyzeSentiment analyzeSyntax classifyText moderateText inspect deidentify redact sanitizeUserPrompt
  sanitizeModelResponse streamSanitizeUserPrompt streamSanitizeModelResponse generateContent streamGenerateContent
  embedContent completions augmentPrompt corroborateContent optimizePrompt generateInstanceRubrics
  generateLossClusters generateSyntheticData generateUserScenarios generateStatelessSummary generativeInsights answerQuery
  streamAnswer autocomplete completeQuery rank recommend matchIntent suggestArticles suggestConversationSummary
  suggestFaqAnswers suggestKnowledgeAssist suggestQueries suggestSmartReplies
`);

const readingNames: readonly string[] = [...findingNames, ...computingNames, ...askingNames];

/** Names that speak of handing out a credential. Wide on purpose: a new one must not pass for a read until somebody looks. */
const mintingNames: readonly RegExp[] = [
  /^(?:access|acquire|add|exchange|fetch|generate|issue|load|mint|refresh|retrieve|show|vend)(?:[A-Z]\w*)?(?:Tokens?|TokenInternal|Credentials?|Secret|SecretKey|Password|Jwt|Wallet)$/,
  /^sign(?:Blob|Jwt|SshPublicKey)$/,
];

/** The first word, in lower case, if it tells of taking away. */
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
  return mintingNames.some((pattern) => pattern.test(name));
}

/** Who approves decides in a person's stead, whatever it is about. */
export function isApprovingName(name: string): boolean {
  return /^approve(?![a-z])/.test(name);
}

/** The names that are not patterns; each should be somebody's. */
export function exactReadingNames(): readonly string[] {
  return readingNames.filter((name) => !name.includes("*"));
}

function matchesName(pattern: string, name: string): boolean {
  if (!pattern.endsWith("*")) return name === pattern;
  // `list*` means `list` and further words: `listenEvent` is another verb.
  return name.startsWith(pattern.slice(0, -1)) && !/^[a-z]/.test(name.slice(pattern.length - 1));
}

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
