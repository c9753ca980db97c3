using System.Text;
using System.Text.Unicode;
using Ingest.Core.Contracts;
using Ingest.Core.Transfers;

namespace Ingest.Core.Decoding;

/// <summary>
/// CSV by RFC 4180 with a header row in every transfer. Values are mapped by header name, so that columns may come, go and change places from one transfer
/// to the next. A row with too few or too many fields is refused alone; a quote that is never closed refuses the rest of the transfer.
/// </summary>
internal sealed class CsvDecoder
{
    // Far beyond any export; a million commas are no header, and looking for names among them would take seconds.
    private const int HeaderCellsMax = 16_384;

    // Of a header that is kept to be told from the next one.
    private const int MappedBytesMax = 1 << 20;

    // Quotes, colon and comma around the name and value of a field that no column takes, where it is rescued.
    private const int NameSyntaxBytes = 6;

    // Of a name in what is told of a header.
    private const int NameMax = 40;

    private readonly TopicPlan _topic;
    private readonly DecodeLimits _limits;
    private readonly DatasetSelector _selector;
    private readonly FieldTrie[] _tries;
    private readonly byte _delimiter;

    // What stands in the place of a header may be a row of data: where a column is protected, none of it is shown.
    private readonly bool _isProtected;
    private readonly List<FieldRef> _header = [];
    private readonly List<FieldRef> _row = [];
    private Taker[][] _map = [];
    private byte[] _mappedHeader = [];

    // Each row repeats the names of the cells that nobody takes, in a buffer that grows by copying.
    private long[] _rescuedNamesBytes = [];

    // Of the row read last; those beyond the most that a header may have are only counted.
    private int _cells;
    private int _selectCell = -1;
    private int _claimCell = -1;
    private bool _hasStrayText;

    public CsvDecoder(TopicPlan topic, DecodeLimits limits)
    {
        _topic = topic;
        _limits = limits;
        _delimiter = (byte)topic.Delimiter;
        _isProtected = topic.Datasets.Any(d => d.Plan.Columns.Any(c => c.Protected));
        _selector = new DatasetSelector(topic);
        _tries = [.. topic.Datasets.Select(d => FieldTrie.ForDataset(d.Plan, topic.SelectField, topic.ClaimField))];
    }

    public void Decode(byte[] buffer, int transfer, int start, int length, DecodedChunk into)
    {
        var end = start + length;
        var at = start;
        if (!NextRow(buffer, ref at, end, _header, out var headerStart, out var headerClosed)) return;
        if (HeaderFault(buffer, headerStart, at, headerClosed) is var (reason, detail))
        {
            into.Refuse(new Rejection(transfer, -1, reason, _topic.DatasetOfUnread, -1, start, length, detail));
            return;
        }

        var position = 0;
        while (!into.Room.IsOver && NextRow(buffer, ref at, end, _row, out var rowStart, out var closed))
        {
            var rowLength = TrimLineEnd(buffer, rowStart, at) - rowStart;
            if (!closed)
            {
                into.Refuse(new Rejection(transfer, position, ReasonCode.CsvMalformed, _topic.DatasetOfUnread, -1, rowStart, end - rowStart, "a quote is not closed; the rest of the transfer cannot be told apart"));
                return;
            }

            AddRow(buffer, transfer, position++, rowStart, rowLength, into);
        }
    }

    private void AddRow(byte[] buffer, int transfer, int position, int start, int length, DecodedChunk into)
    {
        var dataset = _selector.IsTrivial ? 0 : -1;
        var reason = ReasonCode.None;
        if (_hasStrayText || _cells != _header.Count) reason = ReasonCode.CsvMalformed;
        else if (!Utf8.IsValid(buffer.AsSpan(start, length))) reason = ReasonCode.NotUtf8;
        else if (length > _limits.RecordBytesMax) reason = ReasonCode.TooLarge;
        else if (!_selector.IsTrivial) dataset = _selector.Select(buffer, Cell(_selectCell), Cell(_claimCell), out reason);
        if (reason != ReasonCode.None)
        {
            var detail = reason switch
            {
                ReasonCode.NotUtf8 => WrongEncoding.Guess(buffer.AsSpan(start, length)),
                ReasonCode.CsvMalformed => _hasStrayText ? "text behind a closing quote" : $"{_cells} fields where the header has {_header.Count}",
                ReasonCode.TooLarge => $"{length} bytes, at most {_limits.RecordBytesMax}",
                _ => _selector.Describe(buffer, Cell(_selectCell), Cell(_claimCell), reason),
            };
            into.Refuse(new Rejection(transfer, position, reason, dataset < 0 ? _topic.DatasetOfUnread : dataset, -1, start, length, detail));
            return;
        }

        var records = into.Datasets[dataset];
        var fields = records.Next();
        var map = _map[dataset];
        into.Room.Left -= _rescuedNamesBytes[dataset];
        for (var i = 0; i < map.Length; i++)
        {
            foreach (var (column, rank) in map[i].Columns) fields[column] = _row[i] with { Source = rank };
            if (map[i].IsUnwanted) records.AddExtra(new ExtraField(_header[i].Start, _header[i].Length, _header[i].Kind == FieldKind.QuotedText, 0, _row[i]));
        }

        records.Add(transfer, position, start, length);
    }

    /// <summary>For each cell the columns that take it: of a column's sources that the header has, the first in the contract's order.</summary>
    private static Taker[] Map(FieldTrie trie, string[] names)
    {
        var properties = names.Select(n => trie.Root.Find(Encoding.UTF8.GetBytes(n))).ToArray();
        var best = properties.OfType<FieldTrie.Property>().SelectMany(p => p.Takers).GroupBy(t => t.Column).ToDictionary(g => g.Key, g => g.Min(t => t.Rank));
        return [.. properties.Select(p => new Taker([.. (p?.Takers ?? []).Where(t => best[t.Column] == t.Rank)], p?.IsConsumed ?? false))];
    }

    private FieldRef Cell(int cell) => (uint)cell < (uint)_row.Count ? _row[cell] : default;

    /// <summary>Maps the header's cells to columns, unless it is the header of the last transfer again. What is wrong with it, when it cannot be mapped.</summary>
    private (ReasonCode Reason, string? Detail)? HeaderFault(byte[] buffer, int start, int end, bool closed)
    {
        if (!closed) return (ReasonCode.CsvMalformed, "a quote in the header is not closed");
        if (_hasStrayText) return (ReasonCode.CsvMalformed, "text behind a closing quote in the header");
        if (_cells > HeaderCellsMax) return (ReasonCode.CsvMalformed, $"{_cells} columns, at most {HeaderCellsMax}");
        var bytes = buffer.AsSpan(start, end - start);
        if (bytes.SequenceEqual(_mappedHeader)) return null;
        _mappedHeader = [];
        if (!Utf8.IsValid(bytes)) return (ReasonCode.NotUtf8, WrongEncoding.Guess(bytes) ?? "the header is not UTF-8");
        var names = _header.Select(h => Name(buffer, h)).ToArray();
        if (names.GroupBy(n => n, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { Key: var twice }) return (ReasonCode.CsvMalformed, $"column {Shown(twice)} stands twice in the header");

        _map = [.. _tries.Select(trie => Map(trie, names))];
        _rescuedNamesBytes = [.. _map.Select(map => Math.Min(int.MaxValue, 2 * map.Select((taker, i) => taker.IsUnwanted ? (long)_header[i].Length + NameSyntaxBytes : 0).Sum()))];
        _selectCell = CellOf(names, _topic.SelectField);
        _claimCell = CellOf(names, _topic.ClaimField);

        // Else a row of data would count as the header of a transfer without one, and be gone without a word.
        if (_selectCell < 0 && _claimCell < 0 && _map.All(m => m.All(t => t.IsUnwanted)))
            return (ReasonCode.CsvMalformed, $"the header has no column of the contract ({string.Join(", ", names.Take(3).Select(Shown))}{(names.Length > 3 ? ", …" : "")}): is it missing, or the delimiter not '{_topic.Delimiter}'?");
        if (bytes.Length <= MappedBytesMax) _mappedHeader = bytes.ToArray();
        return null;
    }

    private string Shown(string name) => _isProtected ? "*** (protected)" : name.Length <= NameMax ? $"'{name}'" : $"'{name[..NameMax]}…'";

    private static int CellOf(string[] names, FieldPath? path) => path is { Segments: [var name] } ? Array.IndexOf(names, name) : -1;

    private static string Name(byte[] buffer, FieldRef cell)
    {
        var name = Encoding.UTF8.GetString(buffer, cell.Start, cell.Length);
        return (cell.Kind == FieldKind.QuotedText ? name.Replace("\"\"", "\"", StringComparison.Ordinal) : name).Trim();
    }

    /// <summary>Reads the next row that is not blank; false at the end.</summary>
    private bool NextRow(byte[] buffer, ref int at, int end, List<FieldRef> cells, out int rowStart, out bool closed)
    {
        while (at < end && buffer[at] is (byte)'\r' or (byte)'\n') at++;
        rowStart = at;
        closed = true;
        _hasStrayText = false;
        cells.Clear();
        _cells = 0;
        if (at >= end) return false;
        while (true)
        {
            _cells++;
            if (at < end && buffer[at] == '"') closed = QuotedCell(buffer, ref at, end, cells);
            else PlainCell(buffer, ref at, end, cells);
            if (!closed || at >= end) return true;
            var separator = buffer[at++];
            if (separator == _delimiter) continue;
            if (separator == '\r' && at < end && buffer[at] == '\n') at++;
            return true;
        }
    }

    private void PlainCell(byte[] buffer, ref int at, int end, List<FieldRef> cells)
    {
        var length = PlainLength(buffer.AsSpan(at, end - at));
        if (_cells <= HeaderCellsMax) cells.Add(new FieldRef(at, length, FieldKind.Text));
        at += length;
    }

    private int PlainLength(ReadOnlySpan<byte> rest)
    {
        var length = rest.IndexOfAny(_delimiter, (byte)'\r', (byte)'\n');
        return length < 0 ? rest.Length : length;
    }

    private bool QuotedCell(byte[] buffer, ref int at, int end, List<FieldRef> cells)
    {
        var start = ++at;
        var kind = FieldKind.Text;
        while (true)
        {
            var quote = buffer.AsSpan(at, end - at).IndexOf((byte)'"');
            if (quote < 0) return false;
            at += quote + 1;
            if (at < end && buffer[at] == '"')
            {
                kind = FieldKind.QuotedText;
                at++;
                continue;
            }

            if (_cells <= HeaderCellsMax) cells.Add(new FieldRef(start, at - 1 - start, kind));

            // Text behind the closing quote belongs to no field. Counting it as one would let it take the place of a field that is missing.
            if (at < end && buffer[at] != _delimiter && buffer[at] is not ((byte)'\r' or (byte)'\n'))
            {
                _hasStrayText = true;
                at += PlainLength(buffer.AsSpan(at, end - at));
            }

            return true;
        }
    }

    private static int TrimLineEnd(byte[] buffer, int start, int end)
    {
        while (end > start && buffer[end - 1] is (byte)'\r' or (byte)'\n') end--;
        return end;
    }

    /// <summary>Who takes a cell: columns, each with the rank of this source, or the topic itself.</summary>
    private readonly record struct Taker((int Column, byte Rank)[] Columns, bool IsConsumed)
    {
        public bool IsUnwanted => Columns.Length == 0 && !IsConsumed;
    }
}
