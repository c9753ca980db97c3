using System.Collections;
using System.Globalization;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Transfers;
using Ingest.Worker.Commands;

namespace Ingest.Tests.Chaos.Harness;

/// <summary>What is wrong with the pool when all is said and done.</summary>
internal static class ChaosJudge
{
    private static readonly TimeSpan s_verifyMax = TimeSpan.FromMinutes(20);

    /// <summary>
    /// Compares by DuckDB with numbers 0 to below <paramref name="records"/>, the ledger with where the topics end, and the index with the rows. What the table lacks is looked for in the topics:
    /// acknowledged and in no log any more, it is the brokers' loss.
    /// </summary>
    public static async Task<ChaosVerdict> FindAsync(string folder, string contracts, long records, ChaosBrokers brokers, IReadOnlyDictionary<TopicPartition, PartitionBounds> bounds, CancellationToken cancellation)
    {
        var pool = await PoolTables.OpenAsync(folder, cancellation).ConfigureAwait(false) ?? throw new ChaosStuckException("There is no pool.");
        var problems = new List<string>();
        using var query = new DuckDbQuery();
        foreach (var table in pool.Tables) await PoolViews.AddAsync(query, table, cancellation).ConfigureAwait(false);
        var (rows, distinct, places, wrong) = Counts(query, records);
        var missing = distinct < records ? Missing(query, records) : [];
        var unpublished = missing.Count > 0 && !brokers.IsEmbedded ? NotIn(ChaosTopics.Read(brokers, bounds, records), missing) : 0;
        if (missing.Count > unpublished || rows != distinct || places != rows || wrong != 0) problems.Add($"{missing.Count - unpublished} lost, {rows - distinct} doubled, {rows - places} from one place, {wrong} wrong of {records}");
        foreach (var table in pool.Tables) problems.AddRange(await LedgerAsync(table, bounds, cancellation).ConfigureAwait(false));

        var (code, output) = await ChaosShell.TryAsync(["dotnet", Path.Combine(AppContext.BaseDirectory, "Ingest.Worker.dll"), "pool", "verify", "--index", "--pool", folder, "--contracts", contracts], s_verifyMax, cancellation).ConfigureAwait(false);
        if (code != 0) problems.Add($"pool verify --index ended with {code}:\n{output}");
        return new ChaosVerdict(problems, unpublished);
    }

    private static List<int> Missing(DuckDbQuery query, long records)
    {
        using var reader = query.Read(string.Create(CultureInfo.InvariantCulture, $"SELECT number::INTEGER FROM range({records}) sent(number) ANTI JOIN {ChaosTable.Name} ON id = number"));
        var missing = new List<int>();
        while (reader.Read()) missing.Add(reader.GetInt32(0));
        return missing;
    }

    private static int NotIn(BitArray published, List<int> numbers) => numbers.Count(n => !published[n]);

    private static (long Rows, long Distinct, long Places, long Wrong) Counts(DuckDbQuery query, long records)
    {
        using var reader = query.Read(string.Create(CultureInfo.InvariantCulture,
            $"""
            SELECT count(*), count(DISTINCT id), count(DISTINCT (_topic, _partition, _offset, _position)), count(*) FILTER (
                id < 0 OR id >= {records} OR owner IS DISTINCT FROM '王芳 ' || (id % 997) OR "at" IS DISTINCT FROM DATE '2026-03-01' + (id % 5)::INTEGER OR event_date IS DISTINCT FROM "at" OR department <> 'd')
            FROM {ChaosTable.Name}
            """));
        reader.Read();
        return (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3));
    }

    private static async Task<List<string>> LedgerAsync(PoolTable table, IReadOnlyDictionary<TopicPartition, PartitionBounds> bounds, CancellationToken cancellation)
    {
        var ledger = await Ledger.ReadAsync(table.Store, cancellation).ConfigureAwait(false);
        List<string> problems = [.. ledger.Problems.Select(p => $"{table.Name}: {p}")];
        if (table.Snapshot.LiveRows != (table.Name == ChaosTable.Name ? ledger.Lines.Sum(l => l.Written) : 0)) problems.Add($"{table.Name}: {table.Snapshot.LiveRows} rows, and {ledger.Lines.Sum(l => l.Written)} in the ledger");
        if (table.Name != ChaosTable.Name) return problems;
        foreach (var (source, (_, _, end, _)) in bounds)
        {
            var line = ledger.Lines.FirstOrDefault(l => l.Source == source);
            if (line is null ? end > 0 : line.Range.From != 0 || line.Range.To != end || !line.IsWhole) problems.Add($"{source}: the ledger has {line?.Range.ToString() ?? "nothing"}, the topic ends at {end}");
        }

        return problems;
    }
}

/// <summary>What came of a run.</summary>
/// <param name="Problems">What is wrong; empty when nothing is.</param>
/// <param name="LostByBrokers">Records that the brokers acknowledged and have in no topic any more.</param>
internal sealed record ChaosVerdict(IReadOnlyList<string> Problems, int LostByBrokers);
