using Ingest.Core.Batching;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Stores;

namespace Ingest.Core.Flow.Runtime;

/// <summary>Makes an index run durable under a name of its own; the log entry that names it makes it valid.</summary>
internal static class RunUpload
{
    /// <param name="partitions">With rows.</param>
    public static async ValueTask<RunDescriptor> CreateAsync(IObjectStore table, IdSource ids, PartitionBatch[] partitions, CancellationToken cancellation)
    {
        while (true)
        {
            var (run, bytes) = Encode($"{ids.Next():N}.run", partitions);
            var outcome = await table.CreateUniqueAsync(IndexNames.Run(run.Name), bytes, cancellation);
            Mutation.Set(Bug.CommitsTornRun, ref outcome, CreateOutcome.Created);
            if (outcome == CreateOutcome.Created) return run;

            // As for data files: an upload that was cut off holds the name.
        }
    }

    private static (RunDescriptor Descriptor, ReadOnlyMemory<byte> Bytes) Encode(string name, PartitionBatch[] partitions)
    {
        var (keys, contents) = (new NativeBuffer<UInt128>(), new NativeBuffer<UInt128>());
        try
        {
            return RunWriter.Encode(name, Gather(partitions, static p => p.Keys, keys), Gather(partitions, static p => p.Contents, contents));
        }
        finally
        {
            keys.Release();
            contents.Release();
        }
    }

    private static ReadOnlySpan<UInt128> Gather(PartitionBatch[] partitions, Func<PartitionBatch, UInt128[]> of, NativeBuffer<UInt128> into)
    {
        var count = partitions.Sum(p => of(p).Length);
        into.Reserve(count);
        var left = into.Values;
        foreach (var partition in partitions)
        {
            of(partition).CopyTo(left);
            left = left[of(partition).Length..];
        }

        return into.Values[..count];
    }
}
