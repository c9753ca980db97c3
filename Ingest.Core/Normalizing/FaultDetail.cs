using System.Globalization;
using System.Text;
using Ingest.Core.Contracts;
using Ingest.Core.Decoding;
using Ingest.Core.Transfers;

namespace Ingest.Core.Normalizing;

/// <summary>The sentence that tells the reader of the quarantine table what was found where. Only for refused rows, so it may allocate.</summary>
internal static class FaultDetail
{
    /// <summary>The same for each of many rows.</summary>
    public static string TooManyPartitions { get; } = string.Create(CultureInfo.InvariantCulture, $"the transfer's records lie in more than {PartitionSpread.PerTransferMax:N0} partitions");

    public static string Describe(ColumnPlan column, ReasonCode reason, in FieldRef field, byte[] buffer)
    {
        var need = reason == ReasonCode.MissingRequired ? $"a {TypeName(column)} is required" : $"expected {TypeName(column)}";
        if (column is { Partitions: true, Type: ColumnType.String } && reason == ReasonCode.OutOfRange) need += $" of at most {FolderText.BytesMax} bytes in a folder's name";
        return $"{column.Name}: {need}, found {Found(column, field, buffer)}";
    }

    /// <summary>The type as a contract writes it.</summary>
    public static string TypeName(ColumnPlan column) => column.Type switch
    {
        ColumnType.String => "string",
        ColumnType.Int => "int",
        ColumnType.Long => "long",
        ColumnType.Double => "double",
        ColumnType.Decimal => $"decimal({column.Precision},{column.Scale})",
        ColumnType.Boolean => "boolean",
        ColumnType.Date => "date",
        ColumnType.Timestamp => "timestamp",
        _ => "binary",
    };

    private static string Found(ColumnPlan column, in FieldRef field, byte[] buffer)
    {
        switch (field.Kind)
        {
            case FieldKind.Absent: return "nothing";
            case FieldKind.Null: return "null";
            default: break;
        }

        if (column.Protected) return Decoding.Excerpt.Protected;
        return field.Kind switch
        {
            FieldKind.True => "true",
            FieldKind.False => "false",
            FieldKind.Number or FieldKind.Composite => Excerpt(field, buffer),
            _ => $"\"{Excerpt(field, buffer)}\"",
        };
    }

    private static string Excerpt(in FieldRef field, byte[] buffer)
    {
        // No character takes more than 6 bytes (an escape); cutting early keeps a huge value from being decoded whole.
        var bytes = buffer.AsSpan(field.Start, Math.Min(field.Length, (Decoding.Excerpt.LengthMax + 2) * 6));
        var text = new ScratchBytes();
        var isMeaning = field.Kind is FieldKind.EscapedText or FieldKind.QuotedText && Unescaping.TryAppend(bytes, field.Kind, text);
        return Decoding.Excerpt.Of(Encoding.UTF8.GetString(isMeaning ? text.Written : bytes));
    }
}
