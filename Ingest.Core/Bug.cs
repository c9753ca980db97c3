namespace Ingest.Core;

/// <summary>The deliberate bugs. Each was made by somebody, somewhere, in a system of this kind.</summary>
internal enum Bug
{
    None,

    // The commit
    SkipsCompareAndSet,
    TakesTakenForLossAndPutsAgain,
    TakesTakenForWin,
    TakesUnclearForLossAndPutsAgain,
    TakesUnclearForWin,
    SkipsRunsOfRivals,
    PublishesMergeUnchecked,
    StoresNextOffsetPlusOne,
    StoresNextOffsetMinusOne,
    TimesGoBack,
    ConcludesHoleFromListAlone,
    TakesAnyKnownEntry,
    CheckpointLacksOneTxn,
    PublishesIndexBeforeRows,


    // Data files
    ReusesFileName,
    CommitsTornFile,
    CommitsTornRun,
    DeletesFilesOnUnknownOutcome,

    // Losing a race
    KeepsRunWithRowsTakenOut,
    KeepsAccountWithRowsTakenOut,
    TakesConflictForDuplicate,
    TakesAbandonedRunsForOwn,

    // Deduplication
    DropNotUndoneOnAbandon,
    ForgetsPendingAtSeal,
    DoesNotSyncIndexAfterCommit,
    StartsIndexEmpty,

    // Offsets and partitions
    ForgetsTablesOwnOffset,
    ResumesWhereItReadInsteadOfWhereTheTableStands,
    ReportsOffsetsBeforeCommit,
    IgnoresRecreatedTopic,
    SkipsExpiredOffsets,
    IgnoresLoss,
    TakesChunksOfOldRight,
    DoesNotRewind,
    TakesAgainWhatTheTableHas,
    HandsOverByRight,
    TakesFailedHandOverForCommitted,

    // Quarantine and memory
    SkipsQuarantineFirst,
    CommitsAlthoughQuarantineFailed,
    RefusesEmptyLeaseWhenFull,
    EndsWhenRunCacheVanishes,

    // Sealing and cleaning
    SealForgetsAnInput,
    SealsWhatIsGone,
    SealSaysDataChange,
    TakesAnothersPlanForOwn,
    PlansBeforeThePlanIsDone,
    SealStopsAtHalfAFile,
    VacuumForgetsRetention,
    VacuumForgetsAge,
    CleansLogBeyondCheckpoint,
    CleansIndexManifest,
}
