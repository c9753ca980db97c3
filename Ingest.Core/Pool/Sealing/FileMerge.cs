using Ingest.Core.Contracts;
using Ingest.Core.Normalizing;
using Ingest.Core.Pool.Parquet;
using Ingest.Core.Stores;

namespace Ingest.Core.Pool.Sealing;

/// <summary>
/// Merges files of one partition into one, sorted, in the local work folder. Memory is bounded: what does not fit is sorted in portions that go to the
/// local disk and are merged from there, a row group of each at a time. Then the new file is read back, and what its rows add up to is compared with what went in.
/// </summary>
/// <param name="number">Tells its files from those of others that merge in the same work folder.</param>
internal sealed class FileMerge(StoredTable table, IObjectStore store, SealerServices services, SealingOptions options, int number = 0)
{
    /// <summary>Files up to this size are read whole; larger ones by way of the work folder.</summary>
    private const int WholeBytesMax = InputsAhead.BytesMax;

    // Fewer than failures that open the circuit breaker.
    private const int AheadMax = 8;

    private const long GroupBytesMax = 32L << 20;

    /// <summary>Row groups of sorted portions are small: one of each portion is in memory.</summary>
    private const int RunGroupRows = 8_192;

    private readonly SortedRows _rows = new(table);
    private readonly Throttle _throttle = services.Throttle;
    private int _files;
    private bool _hasRead;

    /// <exception cref="InvalidDataException">An input is gone or does not hold what the log says, or what was written does not read back as it should.</exception>
    public async ValueTask<MergedFile> RunAsync(SealItem item, CancellationToken cancellation)
    {
        var values = table.Rows.Partitioning.ToDictionary(p => p.Name, p => item.PartitionValues.GetValueOrDefault(p.Name), StringComparer.Ordinal);
        var department = values.GetValueOrDefault(SystemColumns.Department) ?? "";
        var runs = new List<LocalFile>();
        var output = NewFile();
        try
        {
            _rows.Clear();
            var sums = default(RowSums);
            var inputs = item.Inputs;
            Mutation.Set(Bug.SealForgetsAnInput, ref inputs, all => all.Length > 1 ? all[..^1] : all);
            await using (var ahead = new InputsAhead(inputs, FetchAsync, Math.Min(AheadMax, store.CallsAtOnce), firstAlone: !_hasRead, cancellation))
            {
                foreach (var input in inputs)
                {
                    sums += await ReadAsync(input, ahead, values, department, runs, cancellation);
                    await _throttle.PaceAsync(cancellation);
                }
            }

            string stats;
            var groupRows = GroupRows(item.Inputs.Sum(i => i.Rows));
            await using (var content = output.Create()) stats = await WriteAsync(content, runs, values, department, groupRows, cancellation);
            var written = await SumAsync(output, values, department, cancellation);
            if (written != sums) throw new InvalidDataException($"{item.Output} was written with {written.Rows} rows of {sums.Rows}, or their sums differ. It was not uploaded.");
            return new MergedFile(output, sums, written, stats);
        }
        catch
        {
            output.Dispose();
            throw;
        }
        finally
        {
            foreach (var run in runs) run.Dispose();
            _rows.Clear();
        }
    }

    /// <summary>What the rows of a file that is in the store already add up to; null when it is not a file of this table.</summary>
    public async ValueTask<(RowSums Sums, long Bytes)?> SumStoredAsync(SealItem item, CancellationToken cancellation)
    {
        var values = table.Rows.Partitioning.ToDictionary(p => p.Name, p => item.PartitionValues.GetValueOrDefault(p.Name), StringComparer.Ordinal);
        using var copy = NewFile();
        await using (var content = copy.Create())
        {
            if (!await _throttle.WaitAsync(store.CopyToAsync(item.Output, content, cancellation))) return null;
        }

        return (await SumAsync(copy, values, values.GetValueOrDefault(SystemColumns.Department) ?? "", cancellation), copy.Length);
    }

    /// <summary>A file with the table's columns and no row.</summary>
    public async ValueTask<byte[]> EmptyAsync(CancellationToken cancellation)
    {
        using var content = new MemoryStream();
        await services.Files.WriteAsync(table, content, new NormalizedRecords(table.Rows), ReadOnlyMemory<int>.Empty, 1, 1, static () => default, cancellation);
        return content.ToArray();
    }

    private async ValueTask<RowSums> ReadAsync(SealInput input, InputsAhead ahead, Dictionary<string, string?> values, string department, List<LocalFile> runs, CancellationToken cancellation)
    {
        var sums = default(RowSums);
        await using (var content = await _throttle.WaitAsync(ahead.NextAsync()))
        {
            _hasRead = true;
            var from = _rows.Records.Count;
            await foreach (var _ in services.Files.ReadAsync(content, table.Rows, values, _rows.Records, cancellation))
            {
                sums += _rows.Fingerprint(from, department);
                services.Holding(2 * _rows.Bytes);
                if (_rows.Bytes > options.MemoryBytes) runs.Add(await SpillAsync(cancellation));
                from = _rows.Records.Count;
            }
        }

        return sums.Rows == input.Rows && sums.Keys == input.KeySum
            ? sums
            : throw new InvalidDataException($"{input.Path} holds {sums.Rows} rows, and {input.Rows} by the log, or their fingerprints do not add up. It is left as it is: see pool verify.");
    }

    private async ValueTask<Stream> FetchAsync(SealInput input, CancellationToken cancellation)
    {
        Stream content;
        if (input.Size <= WholeBytesMax)
        {
            content = new MemoryStream(await store.ReadAsync(input.Path, cancellation) ?? throw Missing(), writable: false);
        }
        else
        {
            content = new FileStream(NextPath(), FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 16, FileOptions.DeleteOnClose);
            try
            {
                if (!await store.CopyToAsync(input.Path, content, cancellation)) throw Missing();
                content.Position = 0;
            }
            catch
            {
                await content.DisposeAsync();
                throw;
            }
        }

        if (content.Length == input.Size) return content;
        await content.DisposeAsync();
        throw new InvalidDataException($"{input.Path} has {content.Length} bytes, and {input.Size} in the log. It is left as it is: see pool verify.");

        InvalidDataException Missing() => new($"{input.Path} is in the log and not in the store.");
    }

    private async ValueTask<LocalFile> SpillAsync(CancellationToken cancellation)
    {
        var run = NewFile();
        await using (var content = run.Create())
        using (var writer = SortedFileWriter.Create(table, content, RunGroupRows, GroupBytesMax))
        {
            await writer.AppendAsync(_rows.Records, _rows.Sort(), cancellation);
            await writer.CompleteAsync(cancellation);
        }

        _rows.Clear();
        await _throttle.PaceAsync(cancellation);
        return run;
    }

    /// <summary>Groups of a file are alike, unless the weight of their rows ends them: readers share them out among their cores.</summary>
    private int GroupRows(long rows)
    {
        var groups = Math.Max(1, (rows + options.RowGroupRows - 1) / options.RowGroupRows);
        return (int)Math.Max(1, (rows + groups - 1) / groups);
    }

    /// <summary>Writes all rows in order; returns their statistics.</summary>
    private async ValueTask<string> WriteAsync(Stream content, List<LocalFile> runs, Dictionary<string, string?> values, string department, int groupRows, CancellationToken cancellation)
    {
        if (runs.Count == 0) return await services.Files.WriteAsync(table, content, _rows.Records, _rows.Sort(), groupRows, GroupBytesMax, () => _throttle.PaceAsync(cancellation), cancellation);
        if (_rows.Records.Count > 0) runs.Add(await SpillAsync(cancellation));
        using var writer = SortedFileWriter.Create(table, content, groupRows, GroupBytesMax);
        await RunMerger.MergeAsync(table, runs, values, department, writer, _throttle, cancellation);
        return (await writer.CompleteAsync(cancellation)).StatsJson;
    }

    private async ValueTask<RowSums> SumAsync(LocalFile file, Dictionary<string, string?> values, string department, CancellationToken cancellation)
    {
        var sums = default(RowSums);
        var rows = new SortedRows(table);
        await using var content = file.Open();
        await foreach (var _ in services.Files.ReadAsync(content, table.Rows, values, rows.Records, cancellation))
        {
            sums += rows.Fingerprint(0, department);
            rows.Clear();
            await _throttle.PaceAsync(cancellation);
        }

        return sums;
    }

    private LocalFile NewFile() => new(NextPath());

    private string NextPath() => Path.Combine(services.WorkFolder, string.Create(System.Globalization.CultureInfo.InvariantCulture, $"merge-{number}-{_files++}.parquet"));
}

/// <summary>A merged file in the work folder, proven to hold the rows that were read. Owns the file.</summary>
internal sealed record MergedFile(LocalFile File, RowSums Read, RowSums Written, string StatsJson) : IDisposable
{
    public void Dispose() => File.Dispose();
}
