using System.Collections.Immutable;
using System.Text;
using CsCheck;
using DuckDB.NET.Data;
using Ingest.Core;
using Ingest.Core.Deduplicating.Index;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;
using Ingest.Tests.Stores;
using Microsoft.Extensions.Time.Testing;

namespace Ingest.Tests.Pool.Delta;

/// <summary>A checkpoint and the entries after it say what all entries say; other engines can read it; a damaged or missing one costs time, never truth.</summary>
public sealed class CheckpointTests
{
    private static readonly CancellationToken s_none = CancellationToken.None;

    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000));
    private readonly SeededIdSource _ids = new(42);
    private readonly MemoryStore _memory;

    public CheckpointTests() => _memory = new MemoryStore(_time);

    [Fact]
    public void Checkpoint_and_tail_say_what_all_entries_say() => Gen.Select(Gen.Int[0, int.MaxValue], Gen.Int[1, 12], Gen.Int[1, 12]).Sample((seed, first, second) =>
    {
        var memory = RandomTable(seed, Math.Max(first, second) + 3);
        var all = Load(memory);
        var files = Files(memory, all.Version);
        foreach (var version in new[] { Math.Min(first, second), Math.Max(first, second) })
        {
            // The second starts from the first; what it holds must be the same as without it.
            var fresh = CheckpointWriter.ReplayAsync(Copy(memory, v => !v.Contains("checkpoint", StringComparison.Ordinal)), version, s_none).AsTask().GetAwaiter().GetResult().Actions;
            CheckpointWriter.WriteAsync(memory, version, s_none).AsTask().GetAwaiter().GetResult();
            var written = CheckpointFile.ReadAsync(memory, version, s_none).AsTask().GetAwaiter().GetResult()!;
            Assert.Equal(Encoding.UTF8.GetString(LogJson.Write(fresh)), Encoding.UTF8.GetString(LogJson.Write(written)));
            Assert.Equal(Commits.Text(all), Commits.Text(Load(memory)));
            Assert.Equal(files, Files(memory, all.Version));
        }

        // With the entries before the newest checkpoint cleaned away (but not its own) it is still the same table.
        var kept = Copy(memory, name => !LogNames.TryParseEntry(name, out var v) || v >= Math.Max(first, second));
        Assert.Equal(Commits.Text(all), Commits.Text(Load(kept)));
        Assert.Equal(files, Files(kept, all.Version));
    }, iter: 60);

    [Fact]
    public async Task Two_that_write_the_same_checkpoint_write_the_same_bytes()
    {
        var memory = RandomTable(3, 9);
        var later = Copy(memory, _ => true);
        await CheckpointWriter.WriteAsync(memory, 9, s_none);
        await CheckpointWriter.WriteAsync(later, 4, s_none);
        await CheckpointWriter.WriteAsync(later, 9, s_none);
        foreach (var name in new[] { LogNames.Checkpoint(9), LogNames.IndexManifest(9), LogNames.LastCheckpoint })
            Assert.Equal(await memory.ReadAsync(name, s_none), await later.ReadAsync(name, s_none));
    }

    [Fact]
    public async Task Tombstones_leave_a_checkpoint_a_week_after_their_removal_by_the_clock_of_the_log()
    {
        var table = await Commits.OpenAsync(_memory, _ids, _time);
        await Commits.FillAsync(table, _ids, 2);
        var removed = (await LogReader.LiveFilesAsync(_memory, 2, s_none)).Values.First();
        var now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        await _memory.CreateAsync(LogNames.Entry(3), LogJson.Write([new LogAction.Remove(removed.Path, now, false, removed.PartitionValues, removed.Size), removed with { Path = "rewritten.parquet", DataChange = false }]), s_none);
        await table.RefreshAsync(s_none);
        await Commits.FillAsync(table, _ids, 1);
        _time.Advance(TimeSpan.FromDays(8));
        Assert.Single((await CheckpointWriter.ReplayAsync(_memory, 4, s_none)).Actions.OfType<LogAction.Remove>());
        await Commits.FillAsync(table, _ids, 1);
        Assert.Empty((await CheckpointWriter.ReplayAsync(_memory, 5, s_none)).Actions.OfType<LogAction.Remove>());
    }

    [Fact]
    public async Task DuckDB_reads_the_nested_schema_of_the_protocol()
    {
        var memory = RandomTable(11, 12, odd: true);
        var (actions, _) = await CheckpointWriter.ReplayAsync(memory, 12, s_none);
        var file = Path.Combine(Path.GetTempPath(), $"ingest-checkpoint-{Guid.NewGuid():N}.parquet");
        await using (var content = File.Create(file)) await CheckpointFile.EncodeAsync(actions, content, s_none, rowGroupActions: 5);
        try
        {
            using var duck = new DuckDBConnection("DataSource=:memory:");
            duck.Open();
            Assert.Equal(
                """
                add: STRUCT(path VARCHAR, partitionValues MAP(VARCHAR, VARCHAR), size BIGINT, modificationTime BIGINT, dataChange BOOLEAN, tags MAP(VARCHAR, VARCHAR), stats VARCHAR)
                metaData: STRUCT(id VARCHAR, "name" VARCHAR, description VARCHAR, format STRUCT(provider VARCHAR, "options" MAP(VARCHAR, VARCHAR)), schemaString VARCHAR, partitionColumns VARCHAR[], "configuration" MAP(VARCHAR, VARCHAR), createdTime BIGINT)
                protocol: STRUCT(minReaderVersion INTEGER, minWriterVersion INTEGER, readerFeatures VARCHAR[], writerFeatures VARCHAR[])
                remove: STRUCT(path VARCHAR, deletionTimestamp BIGINT, dataChange BOOLEAN, extendedFileMetadata BOOLEAN, partitionValues MAP(VARCHAR, VARCHAR), size BIGINT)
                txn: STRUCT(appId VARCHAR, "version" BIGINT, lastUpdated BIGINT)
                """.ReplaceLineEndings("\n"), Query($"SELECT string_agg(column_name || ': ' || column_type, chr(10) ORDER BY column_name) FROM (DESCRIBE FROM '{file}')"));
            Assert.Equal("REQUIRED", Query($"SELECT string_agg(DISTINCT repetition_type, ',') FROM parquet_schema('{file}') WHERE name = 'key'"));
            Assert.Equal("element", Query($"SELECT string_agg(DISTINCT name, ',') FROM parquet_schema('{file}') WHERE name IN ('element', 'item', 'array')"));
            Assert.Equal($"{actions.Count}", Query($"SELECT count(*) FROM '{file}' WHERE (txn IS NOT NULL)::int + (add IS NOT NULL)::int + (remove IS NOT NULL)::int + (metaData IS NOT NULL)::int + (protocol IS NOT NULL)::int = 1"));
            Assert.Equal("1|2|true|true", Query($"SELECT concat_ws('|', protocol.minReaderVersion, protocol.minWriterVersion, protocol.readerFeatures IS NULL, protocol.writerFeatures IS NULL) FROM '{file}' WHERE protocol IS NOT NULL"));
            var add = actions.OfType<LogAction.Add>().First();
            Assert.Equal($"{add.Size}|{add.PartitionValues["department"] ?? "none"}|{add.Tags[LogAction.KeySumTag]}|{add.Stats}|false", Query(
                $"SELECT concat_ws('|', add.size, coalesce(add.partitionValues['department'], 'none'), add.tags['{LogAction.KeySumTag}'], add.stats, add.dataChange) FROM '{file}' WHERE add.path = '{add.PathAsLogged ?? LogPath.Encode(add.Path)}'"));
            Assert.Equal("true", Query($"SELECT bool_or(map_contains(add.partitionValues, 'department') AND add.partitionValues['department'] IS NULL)::text FROM '{file}' WHERE add IS NOT NULL"));
            Assert.Equal($"{actions.OfType<LogAction.Txn>().Sum(t => t.Version)}", Query($"SELECT sum(txn.version)::text FROM '{file}'"));
            string Query(string sql)
            {
                using var command = duck.CreateCommand();
                command.CommandText = sql;
                return Convert.ToString(command.ExecuteScalar(), System.Globalization.CultureInfo.InvariantCulture)!;
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task A_table_of_a_thousand_commits_opens_by_a_handful_of_reads()
    {
        var table = await Commits.OpenAsync(_memory, _ids, _time);
        await Commits.FillAsync(table, _ids, 1002);
        await table.WriteCheckpointAsync(1000, s_none);
        var counting = new FaultyStore(_memory, _time);
        var opened = await Commits.OpenAsync(counting, _ids, _time);
        Assert.Equal(Commits.Text(table.Current), Commits.Text(opened.Current));
        Assert.InRange(counting.Calls, 1, 9);
    }

    [Theory]
    [InlineData("cut")]
    [InlineData("empty")]
    [InlineData("noise")]
    [InlineData("gone")]
    public async Task A_damaged_checkpoint_is_passed_over_and_written_again(string harm)
    {
        var table = await Commits.OpenAsync(_memory, _ids, _time);
        await Commits.FillAsync(table, _ids, 7);
        await table.WriteCheckpointAsync(3, s_none);
        await table.WriteCheckpointAsync(6, s_none);
        for (var old = 0; old < 3; old++) await _memory.DeleteAsync(LogNames.Entry(old), s_none);
        var bytes = (await _memory.ReadAsync(LogNames.Checkpoint(6), s_none))!;
        if (harm == "gone") await _memory.DeleteAsync(LogNames.Checkpoint(6), s_none);
        else await _memory.ReplaceAsync(LogNames.Checkpoint(6), harm switch { "cut" => bytes[..^40], "empty" => [], _ => bytes.Select((b, i) => (byte)(b ^ (i * 7))).ToArray() }, s_none);

        Assert.Equal(Commits.Text(table.Current), Commits.Text(Load(_memory)));
        Assert.Equal(7, (await LogReader.LiveFilesAsync(_memory, 7, s_none)).Count);
        await CheckpointWriter.WriteAsync(_memory, 6, s_none);
        Assert.Equal(bytes, await _memory.ReadAsync(LogNames.Checkpoint(6), s_none));
    }

    [Fact]
    public async Task A_checkpoint_that_was_damaged_since_is_not_built_upon()
    {
        var table = await Commits.OpenAsync(_memory, _ids, _time);
        await Commits.FillAsync(table, _ids, 30);
        await table.WriteCheckpointAsync(20, s_none);
        var wanted = await FreshAsync();
        var bytes = (await _memory.ReadAsync(LogNames.Checkpoint(20), s_none))!;
        for (var at = 8; at < bytes.Length - 8; at += 97)
        {
            var damaged = bytes.ToArray();
            damaged[at] ^= 0x55;
            await _memory.ReplaceAsync(LogNames.Checkpoint(20), damaged, s_none);
            await _memory.DeleteAsync(LogNames.Checkpoint(30), s_none);
            Assert.Equal(30, (await LogReader.LiveFilesAsync(_memory, 30, s_none)).Count);
            await table.WriteCheckpointAsync(30, s_none);
            Assert.Equal(wanted, await _memory.ReadAsync(LogNames.Checkpoint(30), s_none));
        }

        async Task<byte[]> FreshAsync()
        {
            var copy = Copy(_memory, v => !v.Contains("checkpoint", StringComparison.Ordinal));
            await CheckpointWriter.WriteAsync(copy, 30, s_none);
            return (await copy.ReadAsync(LogNames.Checkpoint(30), s_none))!;
        }
    }

    [Theory]
    [InlineData(100, 0, 100)]
    [InlineData(100, 100_000, 100)]
    [InlineData(100, 100_001, 200)]
    [InlineData(100, 1_000_000, 1_600)]
    [InlineData(100, 1_000_000_000, 1_600)]
    public void Large_tables_are_checkpointed_less_often(int interval, long files, long wanted) => Assert.Equal(wanted, CheckpointRule.Interval(interval, files));

    [Fact]
    public async Task Where_nothing_reaches_the_version_there_is_an_error_and_no_empty_table()
    {
        var table = await Commits.OpenAsync(_memory, _ids, _time);
        await Commits.FillAsync(table, _ids, 4);
        for (var old = 0; old < 3; old++) await _memory.DeleteAsync(LogNames.Entry(old), s_none);
        await Assert.ThrowsAsync<InvalidDataException>(async () => await LogReader.LoadAsync(_memory, s_none));
        await Assert.ThrowsAsync<InvalidDataException>(async () => await LogReader.LiveFilesAsync(_memory, 4, s_none));
        await Assert.ThrowsAsync<IOException>(async () => await CheckpointWriter.WriteAsync(_memory, 4, s_none));
        await Assert.ThrowsAsync<InvalidDataException>(async () => await Commits.OpenAsync(_memory, _ids, _time));
    }

    [Theory]
    [InlineData("gone", true)]
    [InlineData("altered", true)]
    [InlineData("gone", false)]
    [InlineData("altered", false)]
    public async Task Without_its_manifest_the_index_follows_from_the_entries_or_is_unknown(string harm, bool entriesKept)
    {
        var table = await Commits.OpenAsync(_memory, _ids, _time);
        await Commits.FillAsync(table, _ids, 7);
        await table.WriteCheckpointAsync(3, s_none);
        await table.WriteCheckpointAsync(6, s_none);
        var name = LogNames.IndexManifest(6);
        var text = Encoding.UTF8.GetString((await _memory.ReadAsync(name, s_none))!);
        if (harm == "gone") await _memory.DeleteAsync(name, s_none);
        else await _memory.ReplaceAsync(name, Encoding.UTF8.GetBytes(text.Replace("\"bytes\":16", "\"bytes\":17", StringComparison.Ordinal)), s_none);
        for (var old = 0; old < (entriesKept ? 3 : 6); old++) await _memory.DeleteAsync(LogNames.Entry(old), s_none);

        var loaded = Load(_memory);
        Assert.Equal(entriesKept, loaded.Index.IsKnown);
        if (entriesKept) Assert.Equal(table.Current.Index.Runs, loaded.Index.Runs);
        else Assert.Equal(7, loaded.LiveRows);
    }

    [Fact]
    public async Task A_hint_that_is_no_JSON_or_names_nothing_is_only_a_hint()
    {
        var table = await Commits.OpenAsync(_memory, _ids, _time);
        await Commits.FillAsync(table, _ids, 4);
        await table.WriteCheckpointAsync(3, s_none);
        foreach (var hint in new[] { "", "{", "{\"version\":\"3\"}", "{\"version\":99}", "{\"version\":-1}", "{\"version\":1.5}" })
        {
            await _memory.ReplaceAsync(LogNames.LastCheckpoint, Encoding.UTF8.GetBytes(hint), s_none);
            Assert.Equal(Commits.Text(table.Current), Commits.Text(Load(_memory)));
        }
    }

    /// <summary>A log of random adds, removes, offsets and index changes. Odd: with null partition values and paths that need escaping.</summary>
    private static MemoryStore RandomTable(int seed, int commits, bool odd = false)
    {
        var random = new Random(seed);
        var ids = new SeededIdSource(seed);
        var memory = new MemoryStore();
        var time = new FakeTimeProvider(DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_000));
        var snapshot = Commits.OpenAsync(memory, ids, time).AsTask().GetAwaiter().GetResult().Current;
        var live = new List<LogAction.Add>();
        while (snapshot.Version < commits)
        {
            var run = Commits.Run($"{ids.Next():N}.run", (UInt128)(ulong)random.Next(1, 1_000_000));
            var at = snapshot.LastTimestamp + random.Next(1, 200_000_000);
            var merge = snapshot.Index.Runs.Length > 2 && random.Next(3) == 0 ? new RunMerge([snapshot.Index.Runs[0]], snapshot.Index.Runs[0] with { Name = $"{ids.Next():N}.run" }) : null;
            var actions = new List<LogAction>
            {
                new LogAction.Info(new CommitInfo { Timestamp = at, Operation = "STREAMING UPDATE", EngineInfo = "Ingest/0.1.0", TransactionId = $"{ids.Next()}", Index = snapshot.Index.Plan(run, merge) }),
                new LogAction.Txn(Commits.AppIdOf(Commits.Source(random.Next(4))), snapshot.Version + 10, at),
            };
            if (live.Count > 2 && random.Next(3) == 0)
            {
                var gone = live[random.Next(live.Count)];
                live.Remove(gone);
                actions.Add(new LogAction.Remove(gone.Path, at, false, gone.PartitionValues, gone.Size));
            }

            live.Add(Add(run, random.Next(3) == 0 && odd ? null : odd ? "公安 局" : "traffic", at));
            actions.Add(live[^1]);
            memory.CreateAsync(LogNames.Entry(snapshot.Version + 1), LogJson.Write(actions), s_none).AsTask().GetAwaiter().GetResult();
            snapshot = Load(memory);
        }

        return memory;
    }

    private static LogAction.Add Add(RunDescriptor run, string? department, long at) => new(
        $"department={department ?? "__HIVE_DEFAULT_PARTITION__"}/{run.Name}.parquet",
        ImmutableSortedDictionary.Create<string, string?>(StringComparer.Ordinal).Add("department", department), 100 + run.Keys, at, true, """{"numRecords":1}""",
        ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal).Add(LogAction.KeySumTag, CommitInfoJson.Hex(run.Sum)));

    private static Snapshot Load(IObjectStore store) => LogReader.LoadAsync(store, s_none).AsTask().GetAwaiter().GetResult()!;

    private static string[] Files(IObjectStore store, long version) => [.. LogReader.LiveFilesAsync(store, version, s_none).AsTask().GetAwaiter().GetResult().Keys.Order(StringComparer.Ordinal)];

    private static MemoryStore Copy(MemoryStore from, Func<string, bool> keeps)
    {
        var copy = new MemoryStore();
        foreach (var item in from.ListAsync("", null, s_none).ToBlockingEnumerable())
        {
            if (keeps(item.Name)) copy.CreateAsync(item.Name, from.ReadAsync(item.Name, s_none).AsTask().GetAwaiter().GetResult(), s_none).AsTask().GetAwaiter().GetResult();
        }

        return copy;
    }
}
