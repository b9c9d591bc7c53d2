export const DISHES = [
  {
    id: 'lentil-soup',
    name: 'Lentil soup with lemon',
    about: 'Red lentils, cooked until they give up, and a whole lemon at the end.',
    needs: ['300 g red lentils', '2 onions', '1 carrot', '1 tsp cumin', '1 lemon'],
  },
  {
    id: 'plum-galette',
    name: 'Plum galette',
    about: 'A tart without a tin: fold the edge over the fruit and do not try to be neat.',
    needs: ['250 g flour', '150 g cold butter', '600 g plums', '60 g sugar', 'A pinch of salt'],
  },
  {
    id: 'green-beans',
    name: 'Green beans with dill',
    about: 'Cooked longer than fashion allows, in oil and their own water.',
    needs: ['500 g green beans', '2 tomatoes', '1 onion', 'Olive oil', 'A bunch of dill'],
  },
];
