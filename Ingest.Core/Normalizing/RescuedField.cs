using Ingest.Core.Decoding;

namespace Ingest.Core.Normalizing;

/// <summary>A value on its way into <c>_rescued</c>: the names of the objects around it, its own name, and where it lies.</summary>
/// <param name="Parents">Names of the enclosing objects from the record's root, as UTF-8.</param>
/// <param name="NameBytes">The array that holds its own name, unescaped.</param>
internal readonly record struct RescuedField(byte[][] Parents, byte[] NameBytes, int NameStart, int NameLength, FieldRef Value)
{
    public ReadOnlySpan<byte> Name => NameBytes.AsSpan(NameStart, NameLength);

    /// <summary>Names on the way to the value, its own included.</summary>
    public int Depth => Parents.Length + 1;

    public ReadOnlySpan<byte> Segment(int i) => i < Parents.Length ? Parents[i] : Name;

    /// <summary>Number of leading names that two fields have in common.</summary>
    public int CommonDepth(in RescuedField other)
    {
        var most = Math.Min(Depth, other.Depth);
        var i = 0;
        while (i < most && Segment(i).SequenceEqual(other.Segment(i))) i++;
        return i;
    }

    /// <summary>Orders by UTF-8 bytes name by name; an object comes before what is in it.</summary>
    public int CompareTo(in RescuedField other)
    {
        var common = CommonDepth(other);
        return common == Depth || common == other.Depth ? Depth - other.Depth : Segment(common).SequenceCompareTo(other.Segment(common));
    }
}
