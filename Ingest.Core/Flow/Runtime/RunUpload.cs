using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Stores;

namespace Ingest.Core.Flow.Runtime;

/// <summary>Makes an index run durable under a name of its own; the log entry that names it makes it valid.</summary>
internal static class RunUpload
{
    public static async ValueTask<RunDescriptor> CreateAsync(IObjectStore table, IdSource ids, UInt128[] keys, UInt128[] contents, CancellationToken cancellation)
    {
        while (true)
        {
            var (run, bytes) = RunWriter.Encode($"{ids.Next():N}.run", keys, contents);
            var outcome = await table.CreateUniqueAsync(IndexNames.Run(run.Name), bytes, cancellation);
            Mutation.Set(Bug.CommitsTornRun, ref outcome, CreateOutcome.Created);
            if (outcome == CreateOutcome.Created) return run;

            // As for data files: an upload that was cut off holds the name.
        }
    }
}
