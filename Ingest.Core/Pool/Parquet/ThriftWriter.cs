using System.Text;

namespace Ingest.Core.Pool.Parquet;

/// <summary>
/// Writes structs in Thrift's compact protocol (thrift-compact-protocol.md), as Parquet's page headers and footer are. Fields must be written in ascending order of
/// their ids, which must be at most 15 apart; ours are.
/// </summary>
internal sealed class ThriftWriter(PageBuffer to)
{
    private const byte True = 1, False = 2, Byte = 3, Int32 = 5, Int64 = 6, Binary = 8, List = 9, Struct = 12;

    private readonly Stack<int> _outer = [];
    private int _last;

    /// <summary>Begins a message: a struct that is no field of another.</summary>
    public void Begin() => _last = 0;

    /// <summary>Begins a struct that is a field.</summary>
    public void BeginStruct(int field)
    {
        Header(field, Struct);
        BeginElement();
    }

    /// <summary>Begins a struct that is an element of a list.</summary>
    public void BeginElement()
    {
        _outer.Push(_last);
        _last = 0;
    }

    /// <summary>Ends the struct begun last.</summary>
    public void End()
    {
        to.WriteByte(0);
        _last = _outer.Count > 0 ? _outer.Pop() : 0;
    }

    public void EmptyStruct(int field)
    {
        BeginStruct(field);
        End();
    }

    public void Bool(int field, bool value) => Header(field, value ? True : False);

    public void Int8(int field, byte value)
    {
        Header(field, Byte);
        to.WriteByte(value);
    }

    public void Int(int field, int value)
    {
        Header(field, Int32);
        to.WriteZigzag(value);
    }

    public void Long(int field, long value)
    {
        Header(field, Int64);
        to.WriteZigzag(value);
    }

    public void Bytes(int field, ReadOnlySpan<byte> value)
    {
        Header(field, Binary);
        to.WriteVarint((ulong)value.Length);
        to.Write(value);
    }

    public void Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    /// <summary>Begins a list of structs; each element follows with <see cref="BeginElement"/> and <see cref="End"/>.</summary>
    public void Structs(int field, int count) => ListHeader(field, Struct, count);

    public void Ints(int field, ReadOnlySpan<int> values)
    {
        ListHeader(field, Int32, values.Length);
        foreach (var value in values) to.WriteZigzag(value);
    }

    public void Texts(int field, string value)
    {
        ListHeader(field, Binary, 1);
        var bytes = Encoding.UTF8.GetBytes(value);
        to.WriteVarint((ulong)bytes.Length);
        to.Write(bytes);
    }

    private void Header(int field, byte type)
    {
        to.WriteByte((byte)(((field - _last) << 4) | type));
        _last = field;
    }

    private void ListHeader(int field, byte type, int count)
    {
        Header(field, List);
        if (count < 15)
        {
            to.WriteByte((byte)((count << 4) | type));
            return;
        }

        to.WriteByte((byte)(0xF0 | type));
        to.WriteVarint((ulong)count);
    }
}
