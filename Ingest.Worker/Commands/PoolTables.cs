using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;
using Ingest.Worker.Configuration;
using Ingest.Worker.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Ingest.Worker.Commands;

/// <summary>A pool opened for reading: its tables by name, with their logs as of now.</summary>
internal sealed class PoolTables
{
    private PoolTables(string root, IReadOnlyList<PoolTable> tables)
    {
        Root = root;
        Tables = tables;
    }

    public string Root { get; }

    /// <summary>In order of name.</summary>
    public IReadOnlyList<PoolTable> Tables { get; }

    /// <summary>Null, with a sentence on the error stream, when there is no pool or the log of a table cannot be read.</summary>
    public static async Task<PoolTables?> OpenAsync(string? pool, CancellationToken cancellation)
    {
        pool ??= SettingsReader.Configuration([])["Ingest:Pool"] ?? new IngestSettings().Pool;
        var root = Path.GetFullPath(pool);
        if (!Directory.Exists(root))
        {
            await Console.Error.WriteLineAsync($"There is no pool at {root}. Give its folder with --pool.").ConfigureAwait(false);
            return null;
        }

        var store = PoolStore.Open(root, new StoreRetryOptions(), TimeProvider.System, NullLogger.Instance).Store;
        var tables = new List<PoolTable>();
        foreach (var folder in Directory.EnumerateDirectories(root).Order(StringComparer.Ordinal))
        {
            if (!Directory.Exists(Path.Combine(folder, "_delta_log"))) continue;
            var view = new PrefixedStore(store, Path.GetFileName(folder));
            try
            {
                if (await LogReader.LoadAsync(view, cancellation).ConfigureAwait(false) is { } snapshot) tables.Add(new PoolTable(Path.GetFileName(folder), folder, view, snapshot));
            }
            catch (InvalidDataException damaged)
            {
                await Console.Error.WriteLineAsync($"error  {Path.GetFileName(folder)}: {damaged.Message}").ConfigureAwait(false);
                return null;
            }
        }

        return new PoolTables(root, tables);
    }
}

/// <summary>One table of a pool.</summary>
internal sealed record PoolTable(string Name, string Folder, IObjectStore Store, Snapshot Snapshot);
