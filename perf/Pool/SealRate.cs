using System.Globalization;
using Ingest.Core;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;
using Ingest.Perf.Compare;
using Ingest.Perf.Workloads;
using Ingest.Tests.Pool.Sealing.Harness;

namespace Ingest.Perf.Pool;

/// <summary>A worker that has all it can do, without and with sealing beside it, in turns: what sealing takes from its rate.</summary>
internal sealed class SealRate(Workload workload, KafkaAccess kafka, string contracts, string folder, SealScale scale)
{
    /// <summary>What ingest is to keep of its rate.</summary>
    private const double Aim = 0.9;

    private readonly List<Turn> _without = [], _with = [];

    /// <summary>False when the aim was missed. The last pool of each kind is left.</summary>
    /// <exception cref="ContestException">A worker failed, or nothing was sealed beside ingest: there is no figure.</exception>
    public async Task<bool> RunAsync(int turns, CancellationToken cancellation)
    {
        Console.WriteLine($"ingest of a backlog of {workload.Records:N0} records, without and with sealing beside it, in turns");
        Console.WriteLine($"  {scale}");
        for (var turn = 0; turn < turns; turn++)
        {
            // Each goes first as often as the other.
            foreach (var isSealing in turn % 2 == 0 ? new[] { false, true } : [true, false]) (isSealing ? _with : _without).Add(await TurnAsync(turn, isSealing, cancellation).ConfigureAwait(false));
        }

        var ratios = _without.Zip(_with, (a, b) => b.Rate / a.Rate).ToArray();
        Tell("without", _without);
        Tell("with", _with);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  with sealing, of that without: rate {Median(ratios):P1} (aim {Aim:P0}; turn by turn {string.Join(", ", ratios.Select(r => r.ToString("P1", CultureInfo.InvariantCulture)))}), CPU {Median(_without.Zip(_with, (a, b) => b.Whole.Cpu / a.Whole.Cpu)):P1}"));
        return Median(ratios) >= Aim;
    }

    /// <summary>One ingest of the backlog into a pool of its own.</summary>
    public async Task<Turn> TurnAsync(int turn, bool isSealing, CancellationToken cancellation)
    {
        var pool = Path.Combine(folder, isSealing ? "sealing" : "plain");
        if (Directory.Exists(pool)) Directory.Delete(pool, recursive: true);
        var whole = (await MeasuredProcess.RunAsync(scale.Worker(workload, kafka, contracts, pool, isSealing, untilCaughtUp: true), cancellation).ConfigureAwait(false)).Measurement;
        if (Directory.Exists(pool + "-cache")) Directory.Delete(pool + "-cache", recursive: true);
        var found = await StretchAsync(new PrefixedStore(new LocalStore(pool, IdSource.System), workload.Dataset), whole, cancellation).ConfigureAwait(false);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  turn {turn + 1} {(isSealing ? "with" : "without"),-8} {found.Rate:N0} records/s over {found.Seconds:F1} s, {whole.Cpu.TotalSeconds:F1} s of CPU, peak {whole.PeakBytes >> 20} MiB; {found.Commits} commits of {found.Ingested}; beside them {found.Rewrites} plans, in {found.Replaced.Files:N0} files of {found.Replaced.Bytes / 1e6:F1} MB, out {found.Out.Files:N0} of {found.Out.Bytes / 1e6:F1} MB, {found.Out.Rows:N0} rows"));
        if (found.Records != workload.Records) throw new ContestException($"The log accounts for {found.Records} of {workload.Records} records.");
        if (isSealing && found.Rewrites == 0) throw new ContestException("Nothing was merged or sealed while ingest worked, so nothing was measured: give more --records, or a larger --scale.");
        if (!isSealing && found.Rewrites > 0) throw new ContestException("Files were sealed although sealing was off.");
        return found;
    }

    /// <summary>What the log says of the time from its first commit of rows to its last: start, first compilation and end of the process are the same with and without.</summary>
    private static async Task<Turn> StretchAsync(IObjectStore table, Measurement whole, CancellationToken cancellation)
    {
        long first = 0, last = 0, firstRecords = 0, records = 0;
        await foreach (var (_, actions) in LogReader.RetainedAsync(table, cancellation).ConfigureAwait(false))
        {
            if (actions.OfType<LogAction.Info>().Select(i => i.Content).FirstOrDefault() is not { Ranges.Length: > 0 } commit) continue;
            last = commit.Timestamp;
            records += commit.Ranges.Sum(r => r.Records);
            if (first == 0) (first, firstRecords) = (commit.Timestamp, records);
        }

        Turn? turn = null;
        await WrittenAccount.ReadAsync(table, (account, at) =>
        {
            if (at > last) return;
            var ingested = account.Generations[WrittenAccount.Ingested];
            var all = account.All;
            turn = new Turn(whole, (last - first) / 1000.0, records, firstRecords, account.Commits, ingested, account.Rewrites, account.Replaced, new Written(all.Files - ingested.Files, all.Rows - ingested.Rows, all.Bytes - ingested.Bytes));
        }, cancellation).ConfigureAwait(false);
        return turn ?? throw new ContestException("The worker committed nothing.");
    }

    private static void Tell(string name, List<Turn> turns) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"  {name,-8} {Median(turns.Select(t => t.Rate)):N0} records/s, {Median(turns.Select(t => t.Whole.Cpu.TotalSeconds)):F1} s of CPU, peak {Median(turns.Select(t => (double)(t.Whole.PeakBytes >> 20))):F0} MiB"));

    private static double Median(IEnumerable<double> figures)
    {
        var sorted = figures.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    /// <param name="Seconds">From the first commit of rows to the last.</param>
    /// <param name="FirstRecords">Records of the first commit, which were read before that time.</param>
    /// <param name="Replaced">Files that were merged or sealed within it.</param>
    /// <param name="Out">What they became.</param>
    internal sealed record Turn(Measurement Whole, double Seconds, long Records, long FirstRecords, int Commits, Written Ingested, int Rewrites, Written Replaced, Written Out)
    {
        public double Rate => (Records - FirstRecords) / Math.Max(0.001, Seconds);
    }
}
