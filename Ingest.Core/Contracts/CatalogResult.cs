namespace Ingest.Core.Contracts;

/// <summary>What loading contracts came to: a catalog, or everything that is wrong.</summary>
/// <param name="Catalog">Null if and only if there are errors.</param>
/// <param name="Errors">In order of file and line.</param>
public sealed record CatalogResult(Catalog? Catalog, IReadOnlyList<ContractError> Errors);

/// <summary>A contract's text and the file name that errors show.</summary>
public sealed record ContractSource(string File, string Text);
