using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Ingest.Core.Contracts;
using Ingest.Core.Transfers;

namespace Ingest.Core.Decoding;

/// <summary>
/// JSON: one object, an array of objects, or either at a place in an envelope. Also decodes the lines of NDJSON, each as a document of its own.
/// A document that breaks somewhere is refused whole: what stands before the break might be incomplete, too.
/// </summary>
internal sealed partial class JsonDecoder
{
    private static readonly JsonReaderOptions s_options = new() { MaxDepth = DecodeLimits.DepthMax, CommentHandling = JsonCommentHandling.Disallow };

    private readonly TopicPlan _topic;
    private readonly DecodeLimits _limits;
    private readonly DatasetSelector _selector;
    private readonly RecordReader _control;
    private readonly RecordReader[] _readers;
    private readonly FieldRef[] _controlFields = new FieldRef[2];
    private readonly int[] _countsBefore;
    private readonly byte[][] _place;
    private readonly bool _scans;

    // The name on the way to the records that the document at hand has twice.
    private string? _repeated;

    /// <param name="scans">Whether the fast way is tried first; it changes nothing but the time.</param>
    public JsonDecoder(TopicPlan topic, DecodeLimits limits, bool scans)
    {
        _scans = scans;
        _place = [.. topic.Records.Segments.Select(Encoding.UTF8.GetBytes)];
        _topic = topic;
        _limits = limits;
        _selector = new DatasetSelector(topic);
        _control = new RecordReader(FieldTrie.For(topic.SelectField, topic.ClaimField));
        _readers = [.. topic.Datasets.Select(d => new RecordReader(FieldTrie.ForDataset(d.Plan, topic.SelectField, topic.ClaimField)))];
        _countsBefore = new int[_readers.Length];
    }

    /// <summary>Paths of nested objects, for each dataset in the topic's order.</summary>
    public IEnumerable<IReadOnlyList<FieldPath>> Paths => _readers.Select(r => r.Trie.Paths);

    /// <summary>Decodes one document; the first of its records gets <paramref name="position"/>, which is moved on.</summary>
    public void Decode(byte[] buffer, int transfer, int start, int length, ref int position, DecodedChunk into, bool isLine)
    {
        var document = new ReadOnlySpan<byte>(buffer, start, length);
        if (!Utf8.IsValid(document))
        {
            into.Refuse(new Rejection(transfer, isLine ? position++ : -1, ReasonCode.NotUtf8, _topic.DatasetOfUnread, -1, start, length, WrongEncoding.Guess(buffer.AsSpan(start, length))));
            return;
        }

        for (var i = 0; i < _countsBefore.Length; i++) _countsBefore[i] = into.Datasets[i].Count;
        var rejectionsBefore = into.Rejections.Count;
        var (positionBefore, leftBefore) = (position, into.Room.Left);
        if (_scans)
        {
            if (TryScan(buffer, transfer, start, length, ref position, into)) return;
            for (var i = 0; i < _countsBefore.Length; i++) into.Datasets[i].Truncate(_countsBefore[i]);
            (position, into.Room.Left) = (positionBefore, leftBefore);
        }

        var reason = ReasonCode.None;
        string? detail = null;
        var reader = new Utf8JsonReader(document, s_options);
        try
        {
            (reason, detail) = ReadDocument(ref reader, buffer, transfer, start, ref position, into);
        }
        catch (JsonException broken)
        {
            reason = IsTooDeep(reader, document) ? ReasonCode.TooDeep : ReasonCode.NotJson;
            detail = $"at byte {reader.BytesConsumed}: {Short(broken.Message)}";
        }

        if (reason == ReasonCode.None) return;
        for (var i = 0; i < _countsBefore.Length; i++) into.Datasets[i].Truncate(_countsBefore[i]);
        into.Rejections.RemoveRange(rejectionsBefore, into.Rejections.Count - rejectionsBefore);
        (position, into.Room.Left) = (isLine ? positionBefore + 1 : positionBefore, leftBefore);
        into.Refuse(new Rejection(transfer, isLine ? positionBefore : -1, reason, _topic.DatasetOfUnread, -1, start, length, detail));
    }

    /// <summary>Why the document is refused whole, when it is: what was found in it until then is taken back.</summary>
    private (ReasonCode Reason, string? Detail) ReadDocument(ref Utf8JsonReader reader, byte[] buffer, int transfer, int start, ref int position, DecodedChunk into)
    {
        _repeated = null;
        reader.Read();
        var found = _topic.Records.Segments.Length == 0
            ? ReadRecords(ref reader, buffer, transfer, start, ref position, into)
            : Descend(ref reader, 0, buffer, transfer, start, ref position, into);
        while (reader.Read())
        {
            // Nothing may follow the document; reading on makes the reader say so.
        }

        if (_repeated is not null) return (ReasonCode.DuplicateField, $"'{_repeated}' stands twice on the way to {_topic.Records}");
        return found ? default : (ReasonCode.RecordsNotFound, $"nothing at {_topic.Records}");
    }

    /// <summary>Follows the pointer into the envelope; reads what lies there and walks over the rest. False when the place is not there.</summary>
    private bool Descend(ref Utf8JsonReader reader, int depth, byte[] buffer, int transfer, int start, ref int position, DecodedChunk into)
    {
        if (depth == _topic.Records.Segments.Length) return ReadRecords(ref reader, buffer, transfer, start, ref position, into);
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return false;
        }

        var (found, isSeen) = (false, false);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isOurs = IsNamed(reader, _topic.Records.Segments[depth]);
            reader.Read();
            if (isOurs && isSeen) _repeated = _topic.Records.Segments[depth];
            if (isOurs && !isSeen) found = Descend(ref reader, depth + 1, buffer, transfer, start, ref position, into);
            else reader.Skip();
            isSeen |= isOurs;
        }

        return found;
    }

    /// <summary>Whether the property at hand has a name. Half of a surrogate pair, which the reader throws on when it compares, is in no name that a contract can hold.</summary>
    private static bool IsNamed(in Utf8JsonReader reader, string name)
    {
        try
        {
            return reader.ValueTextEquals(name);
        }
        catch (InvalidOperationException) when (reader.ValueIsEscaped)
        {
            return false;
        }
    }

    /// <summary>Reads an object or an array of them; false when there is neither.</summary>
    private bool ReadRecords(ref Utf8JsonReader reader, byte[] buffer, int transfer, int start, ref int position, DecodedChunk into)
    {
        if (reader.TokenType == JsonTokenType.Null && _topic.Records.Segments.Length > 0) return false;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            ReadRecord(ref reader, buffer, transfer, start, position++, into);
            return true;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) ReadRecord(ref reader, buffer, transfer, start, position++, into);
        return true;
    }

    private void ReadRecord(ref Utf8JsonReader reader, byte[] buffer, int transfer, int origin, int position, DecodedChunk into)
    {
        if (into.Room.IsOver)
        {
            // The transfer is refused whole, if it is well formed to its end.
            reader.Skip();
            return;
        }

        var start = origin + (int)reader.TokenStartIndex;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            var kind = reader.TokenType;
            reader.Skip();
            Refuse(ReasonCode.NotAnObject, _topic.DatasetOfUnread, -1, origin + (int)reader.BytesConsumed - start, $"a {kind}");
            return;
        }

        var reason = ReasonCode.None;
        var column = -1;
        var dataset = 0;
        if (!_selector.IsTrivial)
        {
            var ahead = reader;
            Array.Clear(_controlFields);
            try
            {
                reason = _control.Read(ref ahead, buffer, origin, _controlFields, null, out _);
            }
            catch (JsonException)
            {
                // Whoever tells why reads depth and place from the reader.
                reader = ahead;
                throw;
            }

            dataset = _selector.Select(buffer, _controlFields[0], _controlFields[1], out var selection);
            if (reason == ReasonCode.None) reason = selection;
            if (reason != ReasonCode.None)
            {
                reader = ahead;
                var bytes = origin + (int)reader.BytesConsumed - start;
                Refuse(reason, dataset < 0 && reason != ReasonCode.UnknownDataset ? _topic.DatasetOfUnread : dataset, -1, bytes, _selector.Describe(buffer, _controlFields[0], _controlFields[1], reason) ?? Detail(reason, buffer.AsSpan(start, bytes)));
                return;
            }
        }

        var records = into.Datasets[dataset];
        reason = _readers[dataset].Read(ref reader, buffer, origin, records.Next(), records, out column);
        if (into.Room.IsOver) return;
        var length = origin + (int)reader.BytesConsumed - start;
        if (reason == ReasonCode.None && length > _limits.RecordBytesMax) reason = ReasonCode.TooLarge;
        if (reason == ReasonCode.None)
        {
            records.Add(transfer, position, start, length);
            return;
        }

        records.Abandon();
        Refuse(reason, dataset, column, length, Detail(reason, buffer.AsSpan(start, length)));

        void Refuse(ReasonCode why, int ofDataset, int ofColumn, int bytes, string? detail) =>
            into.Refuse(new Rejection(transfer, position, why, ofDataset, ofColumn, start, bytes, detail));
    }

    private string? Detail(ReasonCode reason, ReadOnlySpan<byte> record) => reason switch
    {
        ReasonCode.NotUtf8 => HalfPair.Describe(record, _topic.Datasets.SelectMany(d => d.Plan.Columns)),
        ReasonCode.TooLarge => $"{record.Length} bytes, at most {_limits.RecordBytesMax}",
        _ => null,
    };

    /// <summary>Whether the reader stopped before a level too many. On an opening bracket it reports the depth outside of it, hence the one less.</summary>
    private static bool IsTooDeep(in Utf8JsonReader reader, ReadOnlySpan<byte> document) =>
        reader.CurrentDepth >= DecodeLimits.DepthMax - 1 && reader.BytesConsumed < document.Length && document[(int)reader.BytesConsumed] is (byte)'[' or (byte)'{';

    /// <summary>Without the place that the parser counts from the record's own start: where it is, the caller says.</summary>
    private static string Short(string message)
    {
        var end = message.IndexOf(" LineNumber: ", StringComparison.Ordinal);
        return message[..Math.Min(end < 0 ? message.Length : end, 120)];
    }
}
