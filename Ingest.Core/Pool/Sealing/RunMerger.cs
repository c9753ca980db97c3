using Ingest.Core.Pool.Parquet;

namespace Ingest.Core.Pool.Sealing;

/// <summary>Merges sorted portions from the local disk into one stream of rows, a row group of each in memory.</summary>
internal static class RunMerger
{
    public static async ValueTask MergeAsync(
        StoredTable table, IReadOnlyList<LocalFile> runs, Dictionary<string, string?> values, string department, SortedFileWriter writer, Throttle throttle, CancellationToken cancellation)
    {
        var cursors = new List<Cursor>(runs.Count);
        try
        {
            var queue = new PriorityQueue<Cursor, Cursor>(Comparer<Cursor>.Create((x, y) => SortedRows.Compare(table, x.Rows.Records, x.Row, y.Rows.Records, y.Row)));
            foreach (var run in runs)
            {
                var cursor = await Cursor.OpenAsync(table, run, values, department, cancellation);
                cursors.Add(cursor);
                if (await cursor.NextGroupAsync(cancellation)) queue.Enqueue(cursor, cursor);
            }

            var taken = new int[1024];
            while (queue.TryDequeue(out var cursor, out _))
            {
                var count = 0;
                do taken[count++] = cursor.Row++;
                while (count < taken.Length && cursor.Row < cursor.Rows.Records.Count && (queue.Count == 0 || SortedRows.Compare(table, cursor.Rows.Records, cursor.Row, queue.Peek().Rows.Records, queue.Peek().Row) < 0));
                await writer.AppendAsync(cursor.Rows.Records, taken.AsMemory(0, count), cancellation);
                if (cursor.Row == cursor.Rows.Records.Count)
                {
                    await throttle.PaceAsync(cancellation);
                    if (!await cursor.NextGroupAsync(cancellation)) continue;
                }

                queue.Enqueue(cursor, cursor);
            }
        }
        finally
        {
            foreach (var cursor in cursors) await cursor.DisposeAsync();
        }
    }

    private sealed class Cursor : IAsyncDisposable
    {
        private readonly FileStream _content;
        private readonly DataFileReader _reader;
        private readonly string _department;
        private int _group;

        private Cursor(FileStream content, DataFileReader reader, StoredTable table, string department)
        {
            _content = content;
            _reader = reader;
            _department = department;
            Rows = new SortedRows(table);
        }

        public SortedRows Rows { get; }

        public int Row { get; set; }

        public static async ValueTask<Cursor> OpenAsync(StoredTable table, LocalFile run, IReadOnlyDictionary<string, string?> values, string department, CancellationToken cancellation)
        {
            var content = run.Open();
            return new Cursor(content, await DataFileReader.OpenAsync(content, table.Rows, values, cancellation), table, department);
        }

        public async ValueTask<bool> NextGroupAsync(CancellationToken cancellation)
        {
            if (_group == _reader.RowGroups) return false;
            await _reader.ReadAsync(_group++, Rows.Records, cancellation);
            Rows.Fingerprint(0, _department);
            Row = 0;
            return true;
        }

        public async ValueTask DisposeAsync()
        {
            await _reader.DisposeAsync();
            await _content.DisposeAsync();
        }
    }
}
