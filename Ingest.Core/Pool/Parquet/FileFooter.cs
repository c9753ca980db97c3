using Apache.Arrow.Types;

namespace Ingest.Core.Pool.Parquet;

/// <summary>Writes the footer (FileMetaData of parquet.thrift): schema, row groups, statistics. Every column is optional and flat.</summary>
internal static class FileFooter
{
    private const int Optional = 1, ZstdCodec = 6;
    private const int Utf8 = 0, Decimal = 5, Date = 6, TimestampMicros = 10, Int32 = 17, Int64 = 18;

    public static void Write(PhysicalColumn[] columns, IReadOnlyList<ChunkMetadata[]> groups, PageBuffer to)
    {
        var thrift = new ThriftWriter(to);
        thrift.Begin();
        thrift.Int(1, 1);
        thrift.Structs(2, columns.Length + 1);
        thrift.BeginElement();
        thrift.Text(4, "schema");
        thrift.Int(5, columns.Length);
        thrift.End();
        foreach (var column in columns) WriteElement(column, thrift);
        thrift.Long(3, groups.Sum(g => (long)g[0].Rows));
        thrift.Structs(4, groups.Count);
        foreach (var group in groups) WriteGroup(group, thrift);
        thrift.Text(6, "ingest version 1.0 (build 1)");

        // Bounds are in the order that the type defines: without this, readers may not use them for text.
        thrift.Structs(7, columns.Length);
        foreach (var _ in columns)
        {
            thrift.BeginElement();
            thrift.EmptyStruct(1);
            thrift.End();
        }

        thrift.End();
    }

    private static void WriteElement(PhysicalColumn column, ThriftWriter thrift)
    {
        thrift.BeginElement();
        thrift.Int(1, (int)column.Type);
        if (column.Type == PhysicalType.FixedBytes) thrift.Int(2, column.FixedBytes);
        thrift.Int(3, Optional);
        thrift.Text(4, column.Name);
        switch (column.Logical)
        {
            case StringType:
                thrift.Int(6, Utf8);
                thrift.BeginStruct(10);
                thrift.EmptyStruct(1);
                thrift.End();
                break;
            case Decimal64Type narrow: WriteDecimal(narrow.Precision, narrow.Scale, thrift); break;
            case Decimal128Type wide: WriteDecimal(wide.Precision, wide.Scale, thrift); break;
            case Date32Type:
                thrift.Int(6, Date);
                thrift.BeginStruct(10);
                thrift.EmptyStruct(6);
                thrift.End();
                break;
            case TimestampType: WriteTimestamp(thrift); break;
            case Int32Type: WriteInteger(Int32, 32, thrift); break;
            case Int64Type: WriteInteger(Int64, 64, thrift); break;
            default: break;
        }

        thrift.End();
    }

    private static void WriteDecimal(int precision, int scale, ThriftWriter thrift)
    {
        thrift.Int(6, Decimal);
        thrift.Int(7, scale);
        thrift.Int(8, precision);
        thrift.BeginStruct(10);
        thrift.BeginStruct(5);
        thrift.Int(1, scale);
        thrift.Int(2, precision);
        thrift.End();
        thrift.End();
    }

    private static void WriteTimestamp(ThriftWriter thrift)
    {
        thrift.Int(6, TimestampMicros);
        thrift.BeginStruct(10);
        thrift.BeginStruct(8);
        thrift.Bool(1, true);
        thrift.BeginStruct(2);
        thrift.EmptyStruct(2);
        thrift.End();
        thrift.End();
        thrift.End();
    }

    private static void WriteInteger(int converted, byte bits, ThriftWriter thrift)
    {
        thrift.Int(6, converted);
        thrift.BeginStruct(10);
        thrift.BeginStruct(10);
        thrift.Int8(1, bits);
        thrift.Bool(2, true);
        thrift.End();
        thrift.End();
    }

    private static void WriteGroup(ChunkMetadata[] chunks, ThriftWriter thrift)
    {
        thrift.BeginElement();
        thrift.Structs(1, chunks.Length);
        foreach (var chunk in chunks)
        {
            thrift.BeginElement();
            thrift.Long(2, chunk.Offset);
            thrift.BeginStruct(3);
            WriteChunk(chunk, thrift);
            thrift.End();
            thrift.End();
        }

        thrift.Long(2, chunks.Sum(c => c.UncompressedBytes));
        thrift.Long(3, chunks[0].Rows);
        thrift.Long(5, chunks[0].Offset);
        thrift.Long(6, chunks.Sum(c => c.CompressedBytes));
        thrift.End();
    }

    private static void WriteChunk(ChunkMetadata chunk, ThriftWriter thrift)
    {
        thrift.Int(1, (int)chunk.Column.Type);
        thrift.Ints(2, chunk.Encodings);
        thrift.Texts(3, chunk.Column.Name);
        thrift.Int(4, ZstdCodec);
        thrift.Long(5, chunk.Rows);
        thrift.Long(6, chunk.UncompressedBytes);
        thrift.Long(7, chunk.CompressedBytes);
        thrift.Long(9, chunk.DataOffset);
        if (chunk.DictionaryOffset >= 0) thrift.Long(11, chunk.DictionaryOffset);
        thrift.BeginStruct(12);
        thrift.Long(3, chunk.Nulls);
        if (chunk.Greatest is not null) thrift.Bytes(5, chunk.Greatest);
        if (chunk.Least is not null) thrift.Bytes(6, chunk.Least);
        thrift.End();
    }
}
