/** Everything has a limit, and each limit a reason. Bytes unless the name says otherwise. */
export const limits = {
  /** Google's front ends take about 16 KiB of headers; more is an attack or a mistake. */
  headerBytesMax: 16 * 1024,
  headerCountMax: 100,
  /** Longer than any Google URL we have seen signed (about 2 KiB), short enough to log. */
  targetBytesMax: 8 * 1024,
  /** Google's deepest method path has about 20 segments; Firestore documents nest up to 100 levels. */
  pathSegmentsMax: 256,
  /** Fields of a protobuf message: passing over one takes 0.2 to 0.6 µs, so that these hold everybody up for 0.1 s. Large requests have long fields, not many. */
  wireFieldsMax: 200_000,
  /** The longest operation id has about 130 characters; a longer pattern in a policy is a mistake. */
  operationPatternLengthMax: 256,
  /** Structured bodies are judged and masked as a whole; Google refuses JSON above 10 to 32 MiB. */
  structuredBodyBytesMax: 32 * 1024 * 1024,
  /** Bodies up to this size are buffered so that the intent commits to their digest; larger ones stream. */
  digestedBodyBytesMax: 1024 * 1024,
  /**
   * Read whole before the call is judged, where only the body says how bad it is; a longer one keeps the worst class and
   * streams. Parsed at once, in which time nobody else is served: the worst 256 KiB take up to 0.3 s on a busy machine.
   */
  judgedBodyBytesMax: 256 * 1024,
  /** People write shorter ones, and a text is cut once for each dialect it may be in: the worst 64 KiB take up to 0.4 s. */
  judgedSqlCharsMax: 64 * 1024,
  judgedStatementsMax: 500,
  /** What a person can be asked to approve is held whole. */
  heldBodyBytesMax: 32 * 1024 * 1024,
  /** Of each masked body, this much is recorded. */
  recordedBodyBytesMax: 256 * 1024,
  /** Hold back only what could still grow into a secret; a longer one cuts the answer off. */
  maskWindowBytesMax: 64 * 1024,
  jsonDepthMax: 64,
  /** Places named per body; a list of thousands of keys has one place. */
  findingsMax: 1_000,
  /** Google's own paths stay below 200 characters; names are the agent's, and a thousand findings must fit one entry. */
  findingPathCharsMax: 256,
  /** Of one document, all places together; answers use some hundred names. */
  maskMembersRememberedMax: 10_000,
  /** Patterns run at about 1 MB/s each; more of them would hold up everybody's calls. */
  maskPatternsMax: 50,
  maskPatternCharsMax: 512,
  maskFieldsMax: 500,
  maskNamesMax: 500,
  /** Shorter strings occur by chance; no credential Google issues is this short. */
  ownCredentialBytesMin: 12,
  /** RFC 7519 tokens of identity providers with many groups reach 8 KiB. */
  tokenBytesMax: 16 * 1024,
  /** A PEM key with its chain fits; whatever is longer is the wrong file. */
  secretCharactersMax: 64 * 1024,
  jwksBytesMax: 256 * 1024,
  jwksKeysMax: 100,
  /** Discovery documents are about 4 KiB. */
  discoveryBytesMax: 64 * 1024,
  /** A C2SP entry bundle prefixes each entry with a 16-bit length. */
  leafBytesMax: 65_535,
  /** Slow senders hold a socket; ten seconds suffice for any honest header block. */
  headersTimeoutMs: 10_000,
  /** Sessions end within a working day. */
  sessionLifeMsMax: 12 * 60 * 60 * 1000,
  /** Held requests per session: a looping agent must not bury the approvers. */
  pendingApprovalsPerSessionMax: 20,
  heldRequestsTotalMax: 500,
  /** Bodies being read for review at one time, all sessions together: eight of the largest. Once sealed they wait on disk. */
  reviewedBytesTotalMax: 256 * 1024 * 1024,
  /** Parsed at once and rewritten to find the same call again: 4 MiB take seconds, in which nobody else is served. */
  matchedJsonBytesMax: 256 * 1024,
  capabilitiesPerSessionMax: 1_000,
  tunnelsPerSessionMax: 256,
  /** As many as tunnels. A call whose client has gone may still wait, with its body, for an upstream socket: open connections alone do not bound the memory. */
  exchangesPerSessionMax: 256,
  /** Of each plane: sixteen sessions with all their tunnels; one stranger on this machine must not use up our file descriptors. */
  clientConnectionsMax: 4_096,
  /** Clients of Google's APIs do not pipeline; more requests than this behind an unanswered one are a flood. */
  pipelinedRequestsMax: 16,
  /** A service account key file is about 2.4 KiB. */
  keyFileBytesMax: 64 * 1024,
  /** Google's token answers stay below 4 KiB. */
  tokenAnswerBytesMax: 64 * 1024,
  /** For one credential, retries included; agents wait meanwhile. */
  tokenTimeoutMs: 15_000,
  /** Refreshed this long before its end, so that no call leaves with a token that dies on the way. */
  tokenRefreshMarginMs: 5 * 60 * 1000,
  /** After a failed refresh, calls are refused this long without asking again: agents retry faster than Google forgives. */
  tokenFailureHoldMs: 1_000,
  /** A credential is looked for in answers this long after its end, as an answer may still be on its way. */
  ownCredentialSlackMs: 10 * 60 * 1000,
  /** A token server that hands out tokens of a second's life must not fill the memory. */
  ownCredentialsMax: 200,
  /** A TCP and TLS handshake that takes longer is a black hole. */
  egressConnectTimeoutMs: 10_000,
  /** Sockets to one upstream host per connection: agents make 1 to 50 calls a second, each well under a second. */
  upstreamSocketsPerOriginMax: 64,
  /** Google's answers to Storage and batch calls carry more headers than we accept from clients. */
  upstreamHeaderBytesMax: 32 * 1024,
  /** Google's waiting methods answer within two minutes; the slowest client gives up after five. */
  upstreamHeadersTimeoutMs: 300_000,
  /** Silence within an answer; streams that pause longer are re-opened by their clients. */
  upstreamIdleTimeoutMs: 300_000,
  /** Google's libraries ask again below about four minutes left; a token with more than five is never asked for twice. */
  gatewayTokenRenewMs: 5 * 60 * 1000,
  /** One side of a tunnel has said goodbye: what is still under way arrives within a minute or never. */
  tunnelHalfClosedMsMax: 60_000,
  /** A refused CONNECT is a sentence or two. */
  refusalBodyBytesMax: 64 * 1024,
  /** A session with all its recordings, as the control plane answers it. */
  controlAnswerBytesMax: 64 * 1024 * 1024,
  /** A connection within one machine is there at once or not at all. */
  loopbackTimeoutMs: 2_000,
  /** Commands of one person at once through one helper service; each has two ports and a folder. */
  serviceRunsMax: 100,
  /** unix(7): `sun_path` has 108 bytes on Linux and 104 on macOS, the final zero included. */
  socketPathBytesMax: 103,
  /** A helper answers with a token or a list of runs. */
  socketAnswerCharsMax: 256 * 1024,
  /** The control plane answers from its own database. */
  controlTimeoutMs: 15_000,
  /** A person finds the browser window, types and confirms. */
  signInMsMax: 5 * 60 * 1000,
  /** One slice of a long wait: below the 30 s and 60 s after which proxies and agents' shells lose patience. */
  waitSliceMs: 25_000,
  /** Leaves the interception CA keeps ready: more than Google has API hosts, regions included, that one site uses. */
  leafCertificatesMax: 512,
  /** An idle client connection may be used again for this long; shorter and every gcloud call pays a handshake. */
  clientIdleTimeoutMs: 65_000,
  /** A body that stops arriving, or that nobody takes, holds memory and sockets; two minutes outlast any honest stall. */
  bodyIdleTimeoutMs: 120_000,
  /** After a refusal the rest of an unread body is discarded for this long, so that the client can read the refusal. */
  lingerMs: 5_000,
  /** Answers that carry a capability URL are a few hundred bytes of JSON; they are rewritten whole. */
  capabilityAnswerBytesMax: 1024 * 1024,
  /** Google signs upload URLs for 15 to 60 minutes. */
  signedUrlLifeMs: 60 * 60 * 1000,
  /** What an approver is shown of a body. */
  approvalPreviewBytesMax: 64 * 1024,
  /** Strangers without a session get this many entries a minute in the log; the rest are counted, not listed. */
  strangerEntriesPerMinuteMax: 60,
  /** SQLite's own default: 1,000 pages of 4 KiB wait in the WAL before they are copied into the database file. */
  walBytesMax: 4 * 1024 * 1024,
  /** Writes waiting for the disk: at 2,000 a second, the last one waits two seconds; after that refusing is kinder. */
  databaseQueueMax: 4_096,
  /** Writes of one transaction: more no longer helps the disk, and holds back the first. */
  databaseBatchMax: 256,
  /** Opened keys of sessions, so that those that run need no key provider: as many as sessions are watched. */
  dataKeysRememberedMax: 10_000,
  /** One question to the key service; Cloud KMS answers within 100 ms. */
  kmsTimeoutMs: 5_000,
  /** A request for erasure or release that no second auditor confirmed in a week has to be made again. */
  custodyRequestLifeMs: 7 * 24 * 60 * 60 * 1000,
  /** Holds and open requests of one answer. */
  listedHoldsMax: 1_000,
  /** Retention counts in days; looking once an hour is soon enough. */
  retentionLookMs: 60 * 60 * 1000,
  /** Ended sessions looked at together. */
  retentionPageSessions: 100,
  /** Ended sessions that are known not to be due, so that their entries are not read every hour: some 10 MB. */
  retainedSessionsKnownMax: 100_000,
  /** Erasures that a crash interrupted; more than these wait an hour. */
  sweptAtOnceMax: 1_000,
  /** A database server that does not answer a greeting in this time is down. */
  databaseConnectMsMax: 5_000,
  /** How long somebody else (an operator's shell, an ending gateway) may hold a lock before we refuse. */
  databaseLockMsMax: 1_000,
  /** No statement of ours takes a tenth of this; one that does is refused, and those behind it get their turn. */
  databaseStatementMsMax: 5_000,
  /** One transaction with its commit, a standby's confirmation included; after that nobody knows what became of it. */
  databaseCommitMsMax: 30_000,
  /** Sessions that read: a long search leaves others a way past it. */
  databaseReadersMax: 4,
  /** A session that says nothing for this long is asked whether it is still there. */
  databaseKeepAliveMs: 10_000,
  /** Far beyond any that is written: a recording has 256 KiB of a body, and its headers. A larger one is a mistake of ours. */
  attachmentBytesMax: 17 * 1024 * 1024,
  /** A policy file longer than this is generated or hostile; people review these. */
  policyDocumentBytesMax: 256 * 1024,
  /** A file for each team of a large company. */
  policyDocumentsMax: 100,
  /** Files are looked at this often, whatever the file system tells: a new denial is in force after two looks. */
  documentsLookMs: 5_000,
  /** All policies together: `explain` and the checks look at each rule. */
  policyRulesMax: 2_000,
  /** Conditions run on each call; their length bounds their cost (src/policy/condition.ts). */
  conditionCharsMax: 4_096,
  conditionNodesMax: 500,
  conditionDepthMax: 24,
  conditionListMax: 200,
  /** A question nobody answered in a week is not going to be answered. */
  approvalDecideWithinMsMax: 7 * 24 * 60 * 60 * 1000,
  /** What was approved yesterday may be wrong today. */
  approvalExecuteWithinMsMax: 24 * 60 * 60 * 1000,
  /** An approver reads for minutes; a sign-in older than this could be somebody else at the desk. */
  approverSignInAgeMsMax: 5 * 60 * 1000,
  /** Clocks of identity provider and gateway may differ by this much. */
  approverSignInSkewMs: 60 * 1000,
  /** A reason is a sentence or two; many clients show one line. */
  approvalReasonCharsMax: 500,
  /** The same call, sent again after a denial, is answered with that denial for this long instead of asking anew. */
  denialSticksMs: 10 * 60 * 1000,
  /** Sealed requests waiting in the database, all sessions together. */
  heldBytesTotalMax: 2 * 1024 * 1024 * 1024,
  /** What one screen or command shows of the inbox. */
  listedApprovalsMax: 1_000,
  /** Clocks of providers and ours drift; RFC 7519 section 4.1.4 allows "no more than a few minutes". */
  tokenSkewMs: 60_000,
  /** Identity providers' tokens live for an hour, workloads' for at most a day. */
  identityTokenAgeMsMax: 24 * 60 * 60 * 1000,
  /** Below the 15 minutes that may be: a token that leaked is worth little. Groups are those of the session's sign-in. */
  gatewayTokenLifeMs: 10 * 60 * 1000,
  /** Groups in one token: Entra ID stops at 200, others at about 1,000. */
  groupsMax: 1_000,
  groupCharsMax: 256,
  /** What an agent may call itself. */
  agentNameCharsMax: 100,
  /** A workflow's path and run are its agent's name; longer ones are cut, as people have to read them. */
  machineAgentCharsMax: 200,
  /** Conditions of one machine identity, and names in one of them: people have to be able to check them. */
  machineConditionsMax: 20,
  machineConditionNamesMax: 100,
  machinesMax: 100,
  /** Claims lie at most as deep; Kubernetes' lie at three. */
  claimPathNamesMax: 8,
  /** A run that has ended must not leave a session behind for long; a running one trades a new token whenever it likes. */
  machineSessionLifeMsMax: 60 * 60 * 1000,
  /** OpenID Connect Core section 2: a subject has at most 255 characters. */
  subjectCharsMax: 255,
  /** Discovery, keys and code exchange: a provider that takes longer is down. */
  providerTimeoutMs: 5_000,
  /** Keys are looked at again after this long, so that a withdrawn key stops counting. */
  providerKeysFreshMs: 10 * 60 * 1000,
  /** While the provider is down its last keys count this long, then nobody new gets in. */
  providerKeysStaleMs: 60 * 60 * 1000,
  /** What an issuer said of a token counts this long: so much later at most a revoked one is refused. */
  introspectionCacheMs: 30_000,
  /** Tokens that are remembered as living, and apart from them as dead, so that invented ones push out nobody's. */
  introspectionCacheMax: 5_000,
  /** Questions under way: a slow issuer, or a stranger with invented tokens, holds up so many and no more. */
  introspectionsAtOnceMax: 50,
  /** Kept free beside those for tokens that counted when they were last asked about, or whose signature holds: strangers have neither. */
  knownIntrospectionsAtOnceMax: 25,
  /** Opaque tokens have 20 to 2,000 characters; shorter ones could be guessed. */
  opaqueTokenCharsMin: 20,
  opaqueTokenCharsMax: 4_096,
  /** Strangers' tokens with invented key ids must not make us hammer the provider. */
  providerKeysPauseMs: 30_000,
  /** How long a key id that the provider does not know is refused unasked, and how many of them. */
  unknownKeyIdMs: 60_000,
  unknownKeyIdsMax: 1_000,
  /** A proven token is believed this long without asking the session store; a stopped session ends it at once. */
  authenticationCacheMs: 60_000,
  authenticationCacheMax: 10_000,
  /** Sessions whose end is watched, and whose refresh tokens are kept: far more than one gateway serves. */
  watchedSessionsMax: 10_000,
  /** Running sessions of one principal: an agent that opens one after the other must not push out everybody else's. */
  sessionsPerPrincipalMax: 1_000,
  /** Logout tokens are sent when they are made; OpenID Connect Back-Channel Logout section 2.4 wants two minutes at most. */
  logoutTokenAgeMsMax: 2 * 60 * 1000,
  /** Stops that are remembered for what was being opened meanwhile; more of them than fit into a few seconds. */
  recentStopsMax: 10_000,
  /** Logout tokens from one address: a company's people at the end of a day. */
  logoutsPerMinuteMax: 600,
  /** What a sign-in began may run for twelve hours and the hour that the browser stayed signed in. */
  providerSessionKeptMs: 14 * 60 * 60 * 1000,
  /** Sent in an address, which many servers cut off at 8 KiB; without it the provider asks the person. */
  idTokenHintCharsMax: 6 * 1024,
  /** SAML responses have 5 to 20 KiB; with hundreds of groups and certificates 100 KiB. */
  samlXmlBytesMax: 256 * 1024,
  /** The same in base64, broken into lines. */
  samlPostBytesMax: 352 * 1024,
  /** Each of a thousand groups is an element; readers that recurse must not run out of stack. */
  samlElementsMax: 4_000,
  samlDepthMax: 32,
  /** Elements of SAML and XML signatures have at most a dozen; all others go with them, four to an element. */
  samlAttributesOfElementMax: 64,
  samlAttributesMax: 16_000,
  /** XML IDs are some 40 characters. */
  samlIdCharsMax: 256,
  /** Posted SAML responses that wait for their browser to bring its cookie: a redirect later. Together 22 MiB. */
  samlAnswersWaitingMax: 64,
  samlAnswerWaitMs: 60_000,
  /** RFC 8628 section 6.1: long enough to find the browser and sign in there. */
  deviceCodeLifeMs: 10 * 60 * 1000,
  /** RFC 8628 section 3.2: what commands take when nothing is said. */
  devicePollIntervalMs: 5_000,
  /** Commands that wait for a person; a company's Monday morning stays below. */
  deviceSignInsMax: 1_000,
  /** Of one person within ten minutes, and of all: 200 guesses at 1,000 codes of 34 bits succeed once in 100,000 tries. */
  wrongUserCodesMax: 5,
  wrongUserCodesTotalMax: 200,
  /** What a machine says of itself on the page that asks. */
  deviceWordsCharsMax: 100,
  /** A login made with the browser: a working day, as nobody asks the provider again. */
  loginLifeMs: 12 * 60 * 60 * 1000,
  /** Commands that begin to wait, from one address. */
  deviceRequestsPerMinuteMax: 20,
  /** How long a browser stays signed in for looking; deciding asks again. */
  browserSessionLifeMs: 60 * 60 * 1000,
  browserSessionsMax: 10_000,
  /** Sign-ins that were begun and not finished; more is somebody knocking for sport. */
  pendingSignInsMax: 1_000,
  /** Token and sign-in forms are one token and a few words. */
  controlBodyBytesMax: 64 * 1024,
  /** Below the 60 s after which proxies give up on a silent answer. */
  approvalWaitMsMax: 55_000,
  /** Per address and minute. A team behind one address exchanges a token per run and refreshes every five minutes. */
  controlRequestsPerMinuteMax: 1_200,
  tokenRequestsPerMinuteMax: 300,
  signInsPerMinuteMax: 60,
  votesPerMinuteMax: 60,
  /** Looked at for one page: in a log of a million entries 1 ms of the thread that also commits intents. */
  searchedEntriesMax: 1_000,
  /** Read for one question about words, with their details opened: about 0.1 s, in pieces of a few ms. */
  textEntriesMax: 2_000,
  /** Characters that one such question looks through, recordings included; the last group may exceed it by 2 MiB. */
  textCharsMax: 4 * 1024 * 1024,
  /** Words are typed by people. */
  textQueryCharsMax: 256,
  /** Questions about entries, per address and minute: at most a tenth of the thread that also commits intents. */
  searchesPerMinuteMax: 240,
  /** Entries of one page of an export with their details: each is read with its recordings, to see whether they are as committed. */
  exportedDetailsMax: 100,
  /** Three files each; who needs more takes the tiles. */
  bundleEntriesMax: 100_000,
  /** Of one file that is held in memory whole, at some 3 KiB each; who needs more takes a bundle. */
  sessionProofEntriesMax: 10_000,
  /** Ten times what that comes to: a file to verify may come from anybody. */
  proofFileBytesMax: 256 * 1024 * 1024,
  /** Pages and exchanges of exports, per address and minute: at most a fifth of the thread that also commits intents. */
  exportPagesPerMinuteMax: 480,
  /** What a log shows a witness: 63 hashes and a checkpoint with sixteen post-quantum cosignatures are 60 KiB. */
  witnessBodyBytesMax: 128 * 1024,
  /** A witness answers with a few lines, cosignatures of 3 KiB at most. */
  witnessAnswerBytesMax: 64 * 1024,
  /** Logs hold a connection each; more is somebody who wants to keep others out. */
  witnessConnectionsMax: 256,
  /** A witness answers from memory and one sync of its disk. */
  witnessTimeoutMs: 10_000,
  /** A cosignature says when it was made; a witness's clock and ours may differ by this much. */
  witnessSkewMs: 60_000,
  /** Signed by logs that it watches and still refused: kept as evidence, of each log. */
  witnessEvidenceMax: 16,
  /** A failing witness is asked again after a second, then half as often each time, down to once in five minutes. */
  witnessRetryMsMax: 5 * 60 * 1000,
  /** Two are the least that make sense, four different organisations are a large company's choice. */
  witnessesMax: 8,
  /** A team's helpers behind one address ask with each refreshed token; a proof is a dozen tiles read. */
  consistencyProofsPerMinuteMax: 300,
  /** A client waits a few seconds for its token; a proof that takes longer counts for the next one. */
  logProofWaitMs: 2_000,
  /** A command whose work is done waits this long for its session's end; a session that was not ended runs out by itself. */
  sessionEndWaitMs: 2_000,
  /** A run that is over does not linger for it. */
  logProofTimeoutMs: 5_000,
  /** S3 counts in days. Less is an object that is as good as not kept, whatever its lock is called. */
  archiveRetentionSMin: 24 * 60 * 60,
  /** The largest file of a log is a bundle of 256 of the longest entries; a listing of a bucket is smaller. */
  archiveObjectBytesMax: 20 * 1024 * 1024,
  /** A bundle over a slow line. */
  archiveTimeoutMs: 60_000,
  /** A scrape is two small reads of the database. */
  metricsTimeoutMs: 10_000,
  /** A pair of Prometheus servers, and somebody with curl. */
  metricsConnectionsMax: 16,
  /** Published entries are looked for this often by each sink: two small reads. */
  sinkLookMs: 1_000,
  /** A batch that was not taken comes again after this, then twice that, up to the most. */
  sinkRetryMsMin: 1_000,
  sinkRetryMsMax: 5 * 60 * 1000,
  /** How often a sink that stays down is said to be: often enough for whoever looks, and not with every retry. */
  sinkDownSaidMs: 10 * 60 * 1000,
  /** Older than this and still not sent: somebody should know. */
  sinkLagMsMax: 5 * 60 * 1000,
  /** What one request or object holds: receivers take 5 MiB (Splunk, Sentinel: less per record) and stay quick. */
  sinkBatchBytesMax: 4 * 1024 * 1024,
  sinkBatchEntriesMax: 1_000,
  /** A receiver that takes longer is down. */
  sinkTimeoutMs: 30_000,
  /** Files of the published log: a hundred a second read three million entries within one fresh sign-in. */
  tilesPerMinuteMax: 6_000,
  /** The newest, as one answer. */
  listedSessionsMax: 500,
  /** Of a session, in one answer: some 500 bytes each, without what was recorded of them. */
  listedExchangesMax: 500,
  /** Exchanges read with their recordings, per address and minute: a session's, at some 10 ms of the thread that also commits intents. */
  recordingsPerMinuteMax: 600,
  /** A session of twelve hours refreshes every five minutes, 144 times; its used tokens are remembered. */
  refreshesPerSessionMax: 1_000,
  /** A helper whose answer was lost asks again after 15.5 s and 32.5 s (src/agent/token-source.ts). */
  refreshRepeatableMs: 35_000,
  /** Answers of one session that may be lost; more is somebody else with the same tokens. */
  refreshRepeatsPerSessionMax: 10,
  /** One object of a bucket: a bundle of 256 entries of the largest kind fits, and so does a batch of a sink. */
  objectBytesMax: 32 * 1024 * 1024,
  /** Of a listing: fifty million objects, eight years of an archive that is written each minute. */
  listingPagesMax: 50_000,
  /** A thousand keys of a kilobyte each, with their elements; parsed at once, in the thread that serves everybody. */
  objectStoreXmlBytesMax: 4 * 1024 * 1024,
  /** Stores answer within seconds, also while they are busy. */
  objectStoreTimeoutMs: 60_000,
} as const;
