using Porthor.History;

namespace Porthor.Storage;

/// <summary>The history of changes: its rows are written with the changes they tell of.</summary>
public interface IChangeHistory : IHistorySource<HistoryFilter, TokenChange>;
