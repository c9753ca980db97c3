using System.Globalization;
using System.Text;
using System.Text.Json;
using Apache.Arrow;

namespace Ingest.Core.Pool.Parquet;

/// <summary>Lowest and highest value of one column over any number of arrays, and what Delta's statistics say of them.</summary>
internal sealed class ColumnBounds
{
    private const int TextCharactersMax = 32;

    private Int128 _min, _max;
    private double _minDouble, _maxDouble;
    private byte[]? _minText, _maxText;
    private Func<Int128, bool, string?>? _whole;
    private bool _isDouble;
    private bool _any;

    /// <summary>As a JSON text; null when there is none.</summary>
    public string? MinJson => Bound(isMax: false);

    /// <summary>As a JSON text; null when there is none.</summary>
    public string? MaxJson => Bound(isMax: true);

    /// <summary>Takes in values of an array, by the rows of the least and the greatest of them.</summary>
    public void Add(IArrowArray array, int least, int greatest)
    {
        switch (array)
        {
            case StringArray text: AddText(text, least, greatest); break;
            case Int32Array: AddWhole(Range<int>(array, least, greatest), static (v, _) => Number(v)); break;
            case Int64Array: AddWhole(Range<long>(array, least, greatest), static (v, _) => Number(v)); break;
            case Date32Array: AddWhole(Range<int>(array, least, greatest), static (v, _) => $"\"{Batching.PartitionValue.Date((int)v)}\""); break;
            case TimestampArray: AddWhole(Range<long>(array, least, greatest), static (v, isMax) => Instant((long)v, isMax)); break;
            case Decimal64Array narrow: AddWhole(Range<long>(array, least, greatest), (v, _) => DecimalText(v, narrow.Scale)); break;
            case Decimal128Array wide: AddWhole(Range<Int128>(array, least, greatest), (v, _) => DecimalText(v, wide.Scale)); break;
            case DoubleArray: AddDouble(Range<double>(array, least, greatest)); break;
        }
    }

    private string? Bound(bool isMax)
    {
        if (!_any) return null;
        if (_isDouble) return (isMax ? _maxDouble : _minDouble).ToString("R", CultureInfo.InvariantCulture);
        if (_whole is not null) return _whole(isMax ? _max : _min, isMax);
        if (!isMax) return Quote(Prefix(Encoding.UTF8.GetString(_minText!)));
        return CutOutwards(Encoding.UTF8.GetString(_maxText!)) is { } bound ? Quote(bound) : null;
    }

    private void AddWhole<T>((T Min, T Max) range, Func<Int128, bool, string?> text) where T : System.Numerics.INumber<T>
    {
        var (min, max) = (Int128.CreateChecked(range.Min), Int128.CreateChecked(range.Max));
        _min = _any ? Int128.Min(_min, min) : min;
        _max = _any ? Int128.Max(_max, max) : max;
        _whole = text;
        _any = true;
    }

    private void AddDouble((double Min, double Max) range)
    {
        // CompareTo, as within an array: Math.Min and -0 would make another order.
        if (!_any || range.Min.CompareTo(_minDouble) < 0) _minDouble = range.Min;
        if (!_any || range.Max.CompareTo(_maxDouble) > 0) _maxDouble = range.Max;
        _isDouble = true;
        _any = true;
    }

    private void AddText(StringArray array, int least, int greatest)
    {
        var (lowest, highest) = (array.GetBytes(least).ToArray(), array.GetBytes(greatest).ToArray());
        if (!_any || lowest.AsSpan().SequenceCompareTo(_minText) < 0) _minText = lowest;
        if (!_any || highest.AsSpan().SequenceCompareTo(_maxText) > 0) _maxText = highest;
        _any = true;
    }

    private static (T Min, T Max) Range<T>(IArrowArray array, int least, int greatest) where T : struct => (ArrowValues.Of<T>(array)[least], ArrowValues.Of<T>(array)[greatest]);

    /// <summary>The first characters, never half of a surrogate pair.</summary>
    private static string Prefix(string text)
    {
        if (text.Length <= TextCharactersMax) return text;
        return char.IsHighSurrogate(text[TextCharactersMax - 1]) ? text[..(TextCharactersMax - 1)] : text[..TextCharactersMax];
    }

    /// <summary>A text that is not below any text with this prefix: the prefix and the highest character there is; null when the text itself goes on with that.</summary>
    private static string? CutOutwards(string text)
    {
        var prefix = Prefix(text);
        if (prefix.Length == text.Length) return text;
        return text.AsSpan(prefix.Length).StartsWith("\U0010FFFF", StringComparison.Ordinal) ? null : prefix + "\U0010FFFF";
    }

    private static string Quote(string text) => "\"" + JsonEncodedText.Encode(text, System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping) + "\"";

    private static string Number(Int128 value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Milliseconds, cut outwards; null beyond the year 9999, where the format ends.</summary>
    private static string? Instant(long microseconds, bool isMax)
    {
        var (milliseconds, rest) = Math.DivRem(microseconds, 1000);
        if (rest < 0 && !isMax) milliseconds--;
        if (rest > 0 && isMax) milliseconds++;
        return milliseconds is < -62_135_596_800_000 or > 253_402_300_799_999
            ? null
            : $"\"{DateTimeOffset.FromUnixTimeMilliseconds(milliseconds).UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture)}\"";
    }

    private static string DecimalText(Int128 unscaled, int scale)
    {
        var digits = Number(Int128.Abs(unscaled)).PadLeft(scale + 1, '0');
        var sign = unscaled < 0 ? "-" : "";
        return scale == 0 ? sign + digits : $"{sign}{digits[..^scale]}.{digits[^scale..]}";
    }
}
