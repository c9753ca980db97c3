using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;

namespace Ingest.Perf.Pool;

/// <summary>The log of a table with any number of commits, without its data files: what housekeeping and starts have to cope with.</summary>
internal sealed class SyntheticLog(string folder, int commits, int filesPerCommit)
{
    private const string Schema =
        """{"type":"struct","fields":[{"name":"plate","type":"string","nullable":true,"metadata":{}},{"name":"registered_at","type":"timestamp","nullable":true,"metadata":{}},{"name":"department","type":"string","nullable":true,"metadata":{}},{"name":"event_date","type":"date","nullable":true,"metadata":{}}]}""";

    private static readonly ImmutableSortedDictionary<string, string> s_noTags = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    public static TableSpec Spec(int checkpointInterval) => new("synthetic", null, Schema, ["department", "event_date"], "v1;content;department,plate:string", checkpointInterval);

    /// <summary>Writes every entry, and the checkpoint of one version with all files that are live there.</summary>
    public async Task WriteAsync(IObjectStore store, long checkpointAt, CancellationToken cancellation)
    {
        var log = Directory.CreateDirectory(Path.Combine(folder, LogNames.Folder)).FullName;
        for (var version = 0L; version <= commits; version++)
            await File.WriteAllBytesAsync(Path.Combine(log, Path.GetFileName(LogNames.Entry(version))), LogJson.Write(Entry(version)), cancellation).ConfigureAwait(false);

        // As the writer of checkpoints would have made it; but that begins at an earlier one, and there is none.
        var told = new CheckpointTold(checkpointAt);
        IEnumerable<LogAction> Checkpoint()
        {
            LogAction[] first = [.. Entry(0).Where(a => a is LogAction.Protocol or LogAction.Metadata), new LogAction.Txn("ingest/kafka/t/0", checkpointAt, Time(checkpointAt))];
            return told.Listen(first.Concat(Enumerable.Range(0, (int)(checkpointAt * filesPerCommit)).Select(f => (LogAction)(FileOf(f) with { DataChange = false }))));
        }

        using var content = new Spool(folder);
        await CheckpointFile.EncodeAsync(Checkpoint(), content, cancellation).ConfigureAwait(false);
        await content.UseAsync(bytes => store.CreateAsync(LogNames.Checkpoint(checkpointAt), bytes, cancellation)).ConfigureAwait(false);
        var hash = await CheckpointFile.HashAsync(content).ConfigureAwait(false);
        var index = LogIndex.Empty.Apply(new IndexDelta([Run(checkpointAt)], [], 1, 1), replaces: false, checkpointAt);
        await store.CreateAsync(LogNames.IndexManifest(checkpointAt), IndexManifest.Write(checkpointAt, index, told.State, new CheckpointHash(hash, told.Hash())), cancellation).ConfigureAwait(false);
        await store.ReplaceAsync(LogNames.LastCheckpoint, Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"version\":{checkpointAt},\"size\":1}}")), cancellation).ConfigureAwait(false);
    }

    /// <summary>A file's add; in order of number the paths are in order, too.</summary>
    public static LogAction.Add FileOf(int number)
    {
        var department = string.Create(CultureInfo.InvariantCulture, $"d{number / 20_000:000}");
        var date = new DateOnly(2026, 1, 1).AddDays(number / 100 % 200).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
        var values = ImmutableSortedDictionary.Create<string, string?>(StringComparer.Ordinal).Add("department", department).Add("event_date", date);
        var hash = (UInt128)(ulong)number * 0x9E3779B97F4A7C15;
        return new LogAction.Add(
            $"recent/department={department}/event_date={date}/part-{number:x8}{hash:x24}.zstd.parquet", values, 10_000 + number, Time(number), DataChange: true,
            $$$"""{"numRecords":100,"minValues":{"plate":"A{{{number}}}","registered_at":"{{{date}}}T00:00:00.000Z"},"maxValues":{"plate":"Z{{{number}}}","registered_at":"{{{date}}}T23:59:59.999Z"},"nullCount":{"plate":0,"registered_at":0}}""",
            s_noTags.Add(LogAction.KeySumTag, hash.ToString("x32", CultureInfo.InvariantCulture)));
    }

    private List<LogAction> Entry(long version)
    {
        var info = new CommitInfo
        {
            Timestamp = Time(version),
            Operation = version == 0 ? "CREATE TABLE" : "STREAMING UPDATE",
            EngineInfo = EngineInfo.Text,
            TransactionId = new Guid((int)version, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]).ToString("D"),
            ReadVersion = version - 1,
            Index = version == 0 ? null : new IndexDelta([Run(version)], version == 1 ? [] : [Run(version - 1).Name], 1, 1),
        };
        if (version == 0)
        {
            var configuration = s_noTags.Add(TableSpec.DedupKey, Spec(100).DedupSignature);
            return [new LogAction.Info(info), new LogAction.Protocol(1, 2, [], []), new LogAction.Metadata("00000000-0000-0000-0000-000000000001", Schema, ["department", "event_date"], configuration, "synthetic", null, Time(0))];
        }

        List<LogAction> entry = [new LogAction.Info(info), new LogAction.Txn("ingest/kafka/t/0", version, Time(version))];
        for (var i = 0; i < filesPerCommit; i++) entry.Add(FileOf((int)((version - 1) * filesPerCommit) + i));
        return entry;
    }

    /// <summary>The only valid run at a version: rows without a change of the index would be another program's.</summary>
    private static RunDescriptor Run(long version) => new(string.Create(CultureInfo.InvariantCulture, $"{version:x32}.run"), 1, 1, 4096);

    private static long Time(long at) => 1_767_225_600_000 + at;
}
