using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using DuckDB.NET.Native;
using static DuckDB.NET.Native.NativeMethods;

namespace Ingest.Worker.Commands;

/// <summary>
/// A column of a query's result, or a part of one (items of lists, fields of structs), read from DuckDB's own vectors: the client's reader cannot give every value that DuckDB has, such as decimals of
/// more than 28 digits, dates before the year 1 or after 9999, intervals of months, and lists with nulls.
/// </summary>
internal sealed unsafe class SqlColumn
{
    private readonly string _name;
    private readonly DuckDBType _type;

    /// <summary>Of decimals and enums: how their numbers are stored.</summary>
    private readonly DuckDBType _storage;

    /// <summary>Of decimals: digits behind the point. Of arrays: items. Of structs and unions: parts.</summary>
    private readonly int _size;

    /// <summary>Fields of a struct, values of an enum.</summary>
    private readonly string[] _names = [];

    private readonly SqlColumn[] _parts;
    private void* _data;
    private ulong* _valid;

    /// <param name="name">Of the result's column, for messages.</param>
    /// <param name="vector">The first one; those of the next chunks come by <see cref="MoveTo"/>.</param>
    public SqlColumn(string name, nint vector)
    {
        _name = name;
        using var type = Vectors.DuckDBVectorGetColumnType(vector);
        _type = LogicalType.DuckDBGetTypeId(type);
        switch (_type)
        {
            case DuckDBType.Decimal:
                (_storage, _size) = (LogicalType.DuckDBDecimalInternalType(type), LogicalType.DuckDBDecimalScale(type));
                break;
            case DuckDBType.Enum:
                _storage = LogicalType.DuckDBEnumInternalType(type);
                _names = new string[LogicalType.DuckDBEnumDictionarySize(type)];
                for (var i = 0; i < _names.Length; i++) _names[i] = LogicalType.DuckDBEnumDictionaryValue(type, i);
                break;
            case DuckDBType.Array:
                _size = (int)LogicalType.DuckDBArrayVectorGetSize(type);
                break;
            case DuckDBType.Struct or DuckDBType.Union:
                _size = (int)LogicalType.DuckDBStructTypeChildCount(type);
                _names = new string[_size];
                for (var i = 0; i < _size; i++) _names[i] = LogicalType.DuckDBStructTypeChildName(type, i);
                break;
        }

        _parts = [.. PartsOf(vector).Select(part => new SqlColumn(name, part))];
        MoveTo(vector);
    }

    /// <summary>Goes on to the next chunk's vector of the same column.</summary>
    public void MoveTo(nint vector)
    {
        _data = Vectors.DuckDBVectorGetData(vector);
        _valid = Vectors.DuckDBVectorGetValidity(vector);
        var parts = PartsOf(vector);
        for (var i = 0; i < parts.Length; i++) _parts[i].MoveTo(parts[i]);
    }

    public bool IsNull(long row) => (_valid is not null && (_valid[row / 64] >> (int)(row % 64) & 1) == 0) || (_type == DuckDBType.Union && Member(row).IsNull(row));

    /// <summary>A value as text; lists, structs and maps are JSON.</summary>
    public string Text(long row) => _type switch
    {
        DuckDBType.List or DuckDBType.Array or DuckDBType.Struct or DuckDBType.Map => SqlValue.Json(writer => Write(writer, row)),
        DuckDBType.Union => Member(row).Text(row),
        DuckDBType.Boolean => At<byte>(row) != 0 ? "true" : "false",
        DuckDBType.TinyInt => Number(At<sbyte>(row)),
        DuckDBType.SmallInt => Number(At<short>(row)),
        DuckDBType.Integer => Number(At<int>(row)),
        DuckDBType.BigInt => Number(At<long>(row)),
        DuckDBType.UnsignedTinyInt => Number(At<byte>(row)),
        DuckDBType.UnsignedSmallInt => Number(At<ushort>(row)),
        DuckDBType.UnsignedInteger => Number(At<uint>(row)),
        DuckDBType.UnsignedBigInt => Number(At<ulong>(row)),
        DuckDBType.HugeInt => Number(At<Int128>(row)),
        DuckDBType.UnsignedHugeInt => Number(At<UInt128>(row)),
        DuckDBType.VarInt => Number(SqlValue.LargeNumber(Bytes(row))),
        DuckDBType.Float => Number(At<float>(row)),
        DuckDBType.Double => Number(At<double>(row)),
        DuckDBType.Decimal => SqlValue.Decimal(Stored(row), _size),
        DuckDBType.Varchar => Encoding.UTF8.GetString(Bytes(row)),
        DuckDBType.Enum => _names[(int)Stored(row)],
        DuckDBType.Blob => SqlValue.Blob(Bytes(row)),
        DuckDBType.Bit => SqlValue.Bits(Bytes(row)),
        DuckDBType.Uuid => SqlValue.Uuid(At<UInt128>(row)),
        DuckDBType.Date => SqlValue.Date(At<int>(row)),
        DuckDBType.Time => SqlValue.Time(At<long>(row), perSecond: 1_000_000),
        SqlValue.TimeInNanoseconds => SqlValue.Time(At<long>(row), perSecond: 1_000_000_000),
        DuckDBType.TimeTz => SqlValue.Drawn(Value.DuckDBCreateTimeTz(At<DuckDBTimeTzStruct>(row))),
        DuckDBType.Interval => SqlValue.Drawn(Value.DuckDBCreateInterval(At<DuckDBInterval>(row))),
        DuckDBType.Timestamp or DuckDBType.TimestampTz or DuckDBType.TimestampS or DuckDBType.TimestampMs or DuckDBType.TimestampNs => SqlValue.Timestamp(At<long>(row), _type),
        _ => throw new InvalidDataException($"Column {_name} has values of a type that cannot be printed here. Print them as text: {DuckDbQuery.Quote(_name)}::varchar"),
    };

    public void Write(Utf8JsonWriter writer, long row)
    {
        if (IsNull(row))
        {
            writer.WriteNullValue();
            return;
        }

        switch (_type)
        {
            case DuckDBType.Boolean:
                writer.WriteBooleanValue(At<byte>(row) != 0);
                break;
            case >= DuckDBType.TinyInt and <= DuckDBType.UnsignedBigInt or DuckDBType.HugeInt or DuckDBType.UnsignedHugeInt or DuckDBType.VarInt or DuckDBType.Decimal:
            case DuckDBType.Float when float.IsFinite(At<float>(row)):
            case DuckDBType.Double when double.IsFinite(At<double>(row)):
                writer.WriteRawValue(Text(row));
                break;
            case DuckDBType.Union:
                Member(row).Write(writer, row);
                break;
            case DuckDBType.List:
                var (first, count) = Items(row);
                WriteItems(writer, first, count);
                break;
            case DuckDBType.Array:
                WriteItems(writer, row * _size, _size);
                break;
            case DuckDBType.Struct:
                WriteFields(writer, row);
                break;
            case DuckDBType.Map:
                WriteEntries(writer, row);
                break;
            default:
                writer.WriteStringValue(Text(row));
                break;
        }
    }

    private static string Number(IFormattable number) => number.ToString(null, CultureInfo.InvariantCulture);

    private nint[] PartsOf(nint vector)
    {
        switch (_type)
        {
            // A map is a list of structs of key and value.
            case DuckDBType.List or DuckDBType.Map:
                return [Vectors.DuckDBListVectorGetChild(vector)];
            case DuckDBType.Array:
                return [Vectors.DuckDBArrayVectorGetChild(vector)];
            case DuckDBType.Struct or DuckDBType.Union:
                var parts = new nint[_size];
                for (var i = 0; i < parts.Length; i++) parts[i] = Vectors.DuckDBStructVectorGetChild(vector, i);
                return parts;
            default:
                return [];
        }
    }

    private void WriteItems(Utf8JsonWriter writer, long first, long count)
    {
        writer.WriteStartArray();
        for (var i = 0L; i < count; i++) _parts[0].Write(writer, first + i);
        writer.WriteEndArray();
    }

    /// <summary>Fields without names, which row(1, 2) makes, are items.</summary>
    private void WriteFields(Utf8JsonWriter writer, long row)
    {
        var named = Array.Exists(_names, n => n.Length > 0);
        if (named) writer.WriteStartObject();
        else writer.WriteStartArray();
        for (var i = 0; i < _parts.Length; i++)
        {
            if (named) writer.WritePropertyName(_names[i]);
            _parts[i].Write(writer, row);
        }

        if (named) writer.WriteEndObject();
        else writer.WriteEndArray();
    }

    private void WriteEntries(Utf8JsonWriter writer, long row)
    {
        var (first, count) = Items(row);
        var (keys, values) = (_parts[0]._parts[0], _parts[0]._parts[1]);
        writer.WriteStartObject();
        for (var i = first; i < first + count; i++)
        {
            writer.WritePropertyName(keys.Text(i));
            values.Write(writer, i);
        }

        writer.WriteEndObject();
    }

    /// <summary>The first part of a union says which of the others has the value.</summary>
    private SqlColumn Member(long row) => _parts[1 + _parts[0].At<byte>(row)];

    private (long First, long Count) Items(long row)
    {
        var entry = At<DuckDBListEntry>(row);
        return ((long)entry.Offset, (long)entry.Length);
    }

    private Int128 Stored(long row) => _storage switch
    {
        DuckDBType.UnsignedTinyInt => At<byte>(row),
        DuckDBType.UnsignedSmallInt => At<ushort>(row),
        DuckDBType.UnsignedInteger => At<uint>(row),
        DuckDBType.SmallInt => At<short>(row),
        DuckDBType.Integer => At<int>(row),
        DuckDBType.BigInt => At<long>(row),
        _ => At<Int128>(row),
    };

    private ReadOnlySpan<byte> Bytes(long row)
    {
        var text = (DuckDBString*)_data + row;
        return new ReadOnlySpan<byte>(text->Data, text->Length);
    }

    /// <summary>Without a look at where it lies: DuckDB aligns its own way.</summary>
    private T At<T>(long row)
        where T : unmanaged => Unsafe.ReadUnaligned<T>((T*)_data + row);
}
