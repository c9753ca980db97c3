using Ingest.Core;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Stores;
using Ingest.Worker.Configuration;
using Ingest.Worker.Hosting;
using Microsoft.Extensions.Logging;

namespace Ingest.Worker.Commands;

/// <summary>A pool opened for reading: its tables by name, with their logs as of now.</summary>
internal sealed class PoolTables
{
    /// <summary>A store that fails is tried again for ever, which must not look like hanging.</summary>
    private static readonly ILoggerFactory s_loggers = LoggerFactory.Create(logging => logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace).SetMinimumLevel(LogLevel.Warning));

    private PoolTables(PoolAddress address, IObjectStore store, IReadOnlyList<PoolTable> tables, IReadOnlyList<DamagedTable> damaged)
    {
        Root = address.ToString()!;
        Store = store;
        Tables = tables;
        Damaged = damaged;
    }

    public string Root { get; }

    /// <summary>The pool's store; tables are folders in it.</summary>
    public IObjectStore Store { get; }

    /// <summary>In order of name.</summary>
    public IReadOnlyList<PoolTable> Tables { get; }

    /// <summary>Tables whose log cannot be read, or is gone, in order of name.</summary>
    public IReadOnlyList<DamagedTable> Damaged { get; }

    /// <summary>Opens a pool all of whose tables can be read.</summary>
    /// <exception cref="CommandRefusedException">There is no pool, or no table in it, or a log cannot be read.</exception>
    public static Task<PoolTables> OpenAsync(string? pool, CancellationToken cancellation) => OpenAsync(pool, bearsDamage: false, cancellation);

    /// <summary>Opens a pool.</summary>
    /// <param name="bearsDamage">Take it also when the log of a table cannot be read.</param>
    /// <exception cref="CommandRefusedException">There is no pool, or no table in it, or a log cannot be read and must be.</exception>
    public static async Task<PoolTables> OpenAsync(string? pool, bool bearsDamage, CancellationToken cancellation)
    {
        var errors = new List<string>();
        if (SettingsReader.Pool(pool, errors) is not var (address, options)) throw new CommandRefusedException(ExitCodes.BadConfiguration, errors);
        if (address is PoolAddress.Folder folder && !Directory.Exists(folder.Root)) throw new CommandRefusedException(ExitCodes.BadConfiguration, $"There is no pool at {folder.Root}. Give its folder, or s3://bucket/prefix, with --pool.");
        try
        {
            var found = await OpenAsync(address, options, cancellation).ConfigureAwait(false);
            if (found.Tables.Count + found.Damaged.Count == 0) throw new CommandRefusedException(ExitCodes.BadConfiguration, $"There is no table in {found.Root}: no worker has started on it yet, or it is not the pool's folder.");
            if (found.Damaged.Count > 0 && !bearsDamage) throw new CommandRefusedException(ExitCodes.Failed, [.. found.Damaged.Select(t => $"error  {t.Name}: {t.Why}")]);
            return found;
        }
        catch (StoreException failure)
        {
            throw new CommandRefusedException(ExitCodes.BadConfiguration, $"error  {failure.Message}");
        }
    }

    private static async Task<PoolTables> OpenAsync(PoolAddress address, StoreOptions options, CancellationToken cancellation)
    {
        // The first look tries once: a command that waits for ever for rights or a bucket that are not there would help nobody.
        var names = await TableNamesAsync(options.Open(address, IdSource.System, TimeProvider.System), cancellation).ConfigureAwait(false);
        var store = PoolStore.Open(address, options, new StoreRetryOptions(), TimeProvider.System, s_loggers.CreateLogger("Ingest.Store")).Store;
        var (tables, damaged) = (new List<PoolTable>(), new List<DamagedTable>());
        foreach (var name in names)
        {
            var view = new PrefixedStore(store, name);
            try
            {
                if (await LogReader.LoadAsync(view, cancellation).ConfigureAwait(false) is { } snapshot)
                    tables.Add(new PoolTable(name, address is PoolAddress.Folder folder ? Path.Combine(folder.Root, name) : null, view, snapshot));
                else if (await LogReader.RemainsAsync(view, cancellation).ConfigureAwait(false) is { } remains)
                    damaged.Add(new DamagedTable(name, $"it {LogReader.WithoutLog(remains)}"));
            }
            catch (InvalidDataException unreadable)
            {
                damaged.Add(new DamagedTable(name, unreadable.Message));
            }
        }

        return new PoolTables(address, store, tables, damaged);
    }

    /// <summary>Folders of the pool that have a log, or what is left of a table, in order, by a few requests for each folder, however many files it holds.</summary>
    private static async Task<List<string>> TableNamesAsync(IObjectStore store, CancellationToken cancellation)
    {
        var names = new List<string>();
        string? after = null;
        while (await FirstAsync(store, "", after, cancellation).ConfigureAwait(false) is { } found)
        {
            var slash = found.IndexOf('/', StringComparison.Ordinal);
            if (slash < 0)
            {
                after = found;
                continue;
            }

            var name = found[..slash];
            if (await FirstAsync(store, $"{name}/_delta_log/", null, cancellation).ConfigureAwait(false) is not null || await LogReader.RemainsAsync(new PrefixedStore(store, name), cancellation).ConfigureAwait(false) is not null) names.Add(name);

            // Behind everything in the folder: '0' is the character after '/'.
            after = name + "0";
        }

        names.Sort(StringComparer.Ordinal);
        return names;
    }

    private static async Task<string?> FirstAsync(IObjectStore store, string prefix, string? after, CancellationToken cancellation)
    {
        await foreach (var found in store.ListAsync(prefix, after, cancellation).ConfigureAwait(false)) return found.Name;
        return null;
    }
}

/// <summary>One table of a pool.</summary>
/// <param name="Folder">Where its files are; null when they are objects.</param>
internal sealed record PoolTable(string Name, string? Folder, IObjectStore Store, Snapshot Snapshot);

/// <summary>A table whose log cannot be read, or is gone.</summary>
internal sealed record DamagedTable(string Name, string Why);
