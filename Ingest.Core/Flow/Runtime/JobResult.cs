using Ingest.Core.Batching;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Transfers;

namespace Ingest.Core.Flow.Runtime;

/// <summary>How a commit job ended. Closed: switch over it without a default arm.</summary>
internal abstract record JobResult
{
    private JobResult() { }

    /// <summary>The batch is in the table.</summary>
    /// <param name="Batch">As committed: without the rows that rivals had committed first.</param>
    /// <param name="Took">From the start of encoding to the answer.</param>
    /// <param name="Attempts">Puts that it took.</param>
    public sealed record Committed(long Version, SealedBatch Batch, TimeSpan Took, int Attempts, bool CheckpointDue) : JobResult;

    /// <summary>The batch is not ours to commit any more; its offsets are read again by whoever owns them.</summary>
    public sealed record Abandoned(string Why) : JobResult;

    /// <summary>The table cannot be written to safely; somebody must look.</summary>
    public sealed record Stopped(string Why) : JobResult;
}

/// <summary>What every commit job needs and none owns.</summary>
/// <param name="EncodersMax">Files that a job encodes at a time.</param>
/// <param name="Uploads">Shared by the jobs of all tables.</param>
internal sealed record CommitJobServices(EncodeDataFile EncodeAsync, IdSource Ids, TimeProvider Time, TaskScheduler Scheduler, int EncodersMax, UploadSlots Uploads, Func<TopicPartition, string> AppIdOf);
