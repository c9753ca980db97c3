using System.Runtime.CompilerServices;
using Ingest.Core.Contracts;
using Ingest.Core.Deduplicating;
using Ingest.Core.Normalizing;
using Ingest.Core.Pool;
using Ingest.Core.Pool.Delta;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Stores;

namespace Ingest.Core.Flow.Runtime;

/// <summary>Rows read back from a table's files, with their fingerprints computed anew: what a rebuild and a full proof work on.</summary>
public sealed class TableRows
{
    private readonly DatasetPlan _plan;
    private readonly Fingerprinter _fingerprinter;
    private readonly NormalizedRecords _records;
    private readonly ReadDataFile _read;
    private readonly string? _workFolder;

    /// <param name="format">How the files are read; null for Parquet.</param>
    /// <param name="workFolder">A local folder that no other process uses, where large files are put to be read; null: they are held in memory.</param>
    public TableRows(DatasetPlan plan, DataFileFormat? format = null, string? workFolder = null)
    {
        _workFolder = workFolder;
        _plan = plan.WithStoredDepartment();
        _fingerprinter = new Fingerprinter(_plan);
        _records = new NormalizedRecords(_plan);
        _read = (format ?? DataFileFormat.Parquet).ReadAsync;
    }

    /// <summary>The rows of a file, a row group at a time; the object is the same each time.</summary>
    /// <exception cref="InvalidDataException">The file is gone, or does not hold what the log says.</exception>
    public async IAsyncEnumerable<NormalizedRecords> ReadAsync(IObjectStore store, LogAction.Add file, [EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var content = await FetchAsync(store, file.Path, cancellation) ?? throw new InvalidDataException($"{file.Path} is in the log and not in the store.");
        if (content.Length != file.Size) throw new InvalidDataException($"{file.Path} has {content.Length} bytes and {file.Size} in the log.");
        var values = _plan.Partitioning.ToDictionary(p => p.Name, p => file.PartitionValues.GetValueOrDefault(p.Name), StringComparer.Ordinal);
        _records.Clear();
        await foreach (var _ in _read(content, _plan, values, _records, cancellation))
        {
            _fingerprinter.Fingerprint(_records, values.GetValueOrDefault(SystemColumns.Department) ?? "");
            yield return _records;
            _records.Clear();
        }
    }

    private async ValueTask<Stream?> FetchAsync(IObjectStore store, string path, CancellationToken cancellation)
    {
        if (_workFolder is null) return await store.ReadAsync(path, cancellation) is { } bytes ? new MemoryStream(bytes, writable: false) : null;
        var content = new Spool(_workFolder);
        var isThere = false;
        try
        {
            isThere = await store.CopyToAsync(path, content, cancellation);
            content.Position = 0;
            return isThere ? content : null;
        }
        finally
        {
            if (!isThere) await content.DisposeAsync();
        }
    }
}
