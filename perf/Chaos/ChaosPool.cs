using System.Diagnostics;
using System.Globalization;
using Ingest.Core;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;
using Ingest.Worker.Commands;

namespace Ingest.Perf.Chaos;

/// <summary>The pool under test: on a file system of its own where one may be mounted, so that it can be filled up and made read-only.</summary>
internal sealed class ChaosPool : IDisposable
{
    public const string Dataset = "chaos";

    private readonly string _mount;
    private readonly LocalStore _store;

    public ChaosPool(string folder, string size)
    {
        _mount = Directory.CreateDirectory(Path.Combine(folder, "disk")).FullName;
        IsMounted = Run("mount", "-t", "tmpfs", "-o", $"size={size}", "tmpfs", _mount);
        Folder = Directory.CreateDirectory(Path.Combine(_mount, "pool")).FullName;
        _store = new LocalStore(Folder, IdSource.System);
    }

    public string Folder { get; }

    /// <summary>Whether the disk can be filled and made read-only.</summary>
    public bool IsMounted { get; }

    /// <summary>Transfers that the table has, over all partitions: the sum of its offsets.</summary>
    public async Task<long> TransfersAsync(CancellationToken cancellation)
    {
        var snapshot = await LogReader.LoadAsync(new PrefixedStore(_store, Dataset), cancellation).ConfigureAwait(false);
        return snapshot?.Txns.Values.Sum() ?? 0;
    }

    public async Task FillAsync(TimeSpan time, CancellationToken cancellation)
    {
        var filler = Path.Combine(_mount, "filler");
        try
        {
            await using var file = File.Create(filler);
            var block = new byte[1 << 20];
            while (true) await file.WriteAsync(block, cancellation).ConfigureAwait(false);
        }
        catch (IOException)
        {
            // Full, as wanted.
        }

        await Task.WhenAny(Task.Delay(time, cancellation)).ConfigureAwait(false);
        File.Delete(filler);
    }

    public async Task MakeReadOnlyAsync(TimeSpan time, CancellationToken cancellation)
    {
        // Refused while a file is open for writing: then it is tried again.
        while (!Run("mount", "-o", "remount,ro", _mount)) await Task.Delay(5, cancellation).ConfigureAwait(false);
        await Task.WhenAny(Task.Delay(time, cancellation)).ConfigureAwait(false);
        Run("mount", "-o", "remount,rw", _mount);
    }

    /// <summary>What DuckDB finds wrong, compared with numbers 0 to below <paramref name="records"/>; null when nothing is.</summary>
    public async Task<string?> JudgeAsync(long records, CancellationToken cancellation)
    {
        var pool = await PoolTables.OpenAsync(Folder, cancellation).ConfigureAwait(false) ?? throw new InvalidOperationException("There is no pool.");
        using var query = new DuckDbQuery();
        foreach (var table in pool.Tables) await PoolViews.AddAsync(query, table, cancellation).ConfigureAwait(false);
        using var reader = query.Read(string.Create(CultureInfo.InvariantCulture, $"SELECT count(*), count(DISTINCT id), count(*) FILTER (id < 0 OR id >= {records} OR owner <> '王芳 ' || (id % 997)) FROM {Dataset}"));
        reader.Read();
        var (rows, distinct, wrong) = (reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2));
        if (rows != records || distinct != records || wrong != 0) return $"{records - distinct} lost, {rows - distinct} doubled, {wrong} wrong of {records}";
        foreach (var table in pool.Tables)
        {
            var ledger = await Ledger.ReadAsync(table.Store, cancellation).ConfigureAwait(false);
            if (ledger.Problems.Count > 0) return $"{table.Name}: {ledger.Problems[0]}";
        }

        return null;
    }

    public void Dispose()
    {
        if (IsMounted) Run("umount", "-l", _mount);
    }

    private static bool Run(string command, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(command, arguments) { RedirectStandardError = true }) ?? throw new InvalidOperationException($"{command} does not start.");
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
