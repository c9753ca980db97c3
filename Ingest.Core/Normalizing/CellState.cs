namespace Ingest.Core.Normalizing;

/// <summary>What a cell of a record turned out to hold, before it is read as its column's type.</summary>
internal enum CellState
{
    /// <summary>A text.</summary>
    Value,

    /// <summary>Absent, JSON null, or one of the column's null words.</summary>
    None,

    /// <summary>An object or array, where a single value belongs.</summary>
    Composite,

    /// <summary>A text with half of a surrogate pair.</summary>
    NotUnicode,
}
